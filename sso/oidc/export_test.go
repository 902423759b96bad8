package oidc

import "github.com/seed-2a059015/gatehouse/sso"

// ReadClaims lets the fuzz target call the decoder of claims.
func ReadClaims(payload []byte) (issuer, subject, email string, err error) {
	c, err := parseClaims(payload)
	if err != nil {
		return "", "", "", err
	}
	email, err = c.all.text("email")
	return c.issuer, c.subject, email, err
}

// Vouched says whether an issuer vouches for the address of a payload, of which userinfo has said more; said may be "".
func Vouched(issuer, payload, said string) bool {
	o, err := parseObject([]byte(payload))
	if err != nil {
		return false
	}
	if said != "" {
		more, err := parseObject([]byte(said))
		if err != nil {
			return false
		}
		o = merge(more, o, "email")
	}
	return o.vouched(issuer)
}

// CheckClaims judges the payload of an ID token, all but its signature.
func CheckClaims(payload []byte, a sso.Attempt) error {
	c, err := parseClaims(payload)
	if err != nil {
		return err
	}
	return c.check(a, []string{a.Connection.Issuer})
}
