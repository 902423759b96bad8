package oidc

import "math/big"

// roca tells a modulus made by the library of CVE-2017-15361, whose private key can be found: modulo every small prime it is a power of
// 65537 (Nemec et al., "The Return of Coppersmith's Attack", 2017, section 2). Of other keys one in 2^27 looks the same.
func roca(modulus *big.Int) bool {
	for _, p := range []int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157} {
		if !powerOf65537(new(big.Int).Mod(modulus, big.NewInt(p)).Int64(), p) {
			return false
		}
	}
	return true
}

func powerOf65537(rest, p int64) bool {
	x := int64(1)
	for range p {
		if x == rest {
			return true
		}
		x = x * (65537 % p) % p
	}
	return false
}
