package sessions

import (
	"encoding/binary"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// refreshTokens makes refresh tokens and what is stored of them.
type refreshTokens struct{ pepper secret.Pepper }

func (refreshTokens) first(tenant id.Tenant, session id.Session) secret.Credential {
	return secret.Issue(secret.PrefixRefresh, tenant.Bytes(), session.Bytes(), 1)
}

// successor is the token after c. It follows from c and a key that is not in the database: whoever presents c again in a race gets the
// same answer, and whoever reads the database can compute none.
func (r refreshTokens) successor(c secret.Credential) secret.Credential {
	next := c
	next.Generation++
	next.Secret = r.mac("refresh successor", c)
	return next
}

// hash is what is stored. It covers the whole credential, so that a row copied to another session or generation fits no token.
func (r refreshTokens) hash(c secret.Credential) []byte {
	h := r.mac("refresh hash", c)
	return h[:]
}

// device is what is stored of the browser or client that holds a token.
func (r refreshTokens) device(userAgent string) []byte {
	h := r.pepper.MAC("device", []byte(userAgent))
	return h[:]
}

func (r refreshTokens) mac(domain string, c secret.Credential) [32]byte {
	return r.pepper.MAC(domain, c.Tenant[:], c.ID[:], binary.BigEndian.AppendUint32(nil, c.Generation), c.Secret[:])
}
