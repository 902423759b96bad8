package sessions

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"math/big"

	"github.com/golang-jwt/jwt/v5"
)

const scalarSize = 32

// sign returns the ES256 signature in its low form. Of every signature (r, s) there is a twin (r, n-s) that holds as well and that
// anybody can compute; signing and accepting only the lower s gives every token one spelling.
func sign(input string, key *ecdsa.PrivateKey) ([]byte, error) {
	sig, err := jwt.SigningMethodES256.Sign(input, key)
	if err != nil {
		return nil, fmt.Errorf("sign a token: %w", err)
	}
	if s := new(big.Int).SetBytes(sig[scalarSize:]); !low(s) {
		s.Sub(order(), s).FillBytes(sig[scalarSize:])
	}
	return sig, nil
}

// canonical says whether a signature is in the form that sign gives it. It proves nothing else.
func canonical(sig []byte) bool {
	return len(sig) == 2*scalarSize && low(new(big.Int).SetBytes(sig[scalarSize:]))
}

func low(s *big.Int) bool { return s.Cmp(new(big.Int).Rsh(order(), 1)) <= 0 }

func order() *big.Int { return elliptic.P256().Params().N }
