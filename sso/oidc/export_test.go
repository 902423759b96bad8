package oidc

// ReadClaims lets the fuzz target call the decoder of claims.
func ReadClaims(payload []byte) (issuer, subject, email string, err error) {
	c, err := parseClaims(payload)
	if err != nil {
		return "", "", "", err
	}
	email, err = c.all.text("email")
	return c.issuer, c.subject, email, err
}
