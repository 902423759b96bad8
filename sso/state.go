package sso

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// A state is "<tenant>.<random>": it names the tenant whose attempt it is, so that the look-up is scoped, and is opaque to everybody
// else. Its hash is stored; nonce and PKCE verifier are MACs of it, so that nothing of them has to be stored and a stolen table tells
// neither.

// tenantPrefix is left out of a state, which some protocols limit to 80 bytes.
const tenantPrefix = "tnt_"

const maxState = 80

func newState(tenant id.Tenant) string {
	return strings.TrimPrefix(tenant.String(), tenantPrefix) + "." + secret.RandomText(32)
}

// tenantOf reads a state that came back. It proves nothing.
func tenantOf(state string) (id.Tenant, bool) {
	name, random, ok := strings.Cut(state, ".")
	if !ok || len(state) > maxState || len(random) != 43 {
		return id.Tenant{}, false
	}
	var t id.Tenant
	if t.UnmarshalText([]byte(tenantPrefix+name)) != nil || t.IsZero() {
		return id.Tenant{}, false
	}
	return t, true
}

func stateHash(state string) []byte {
	sum := sha256.Sum256([]byte(state))
	return sum[:]
}

// CookieName is the name of the cookie that binds the attempt of a state to one browser. Each attempt has its own, so that two tabs do
// not disturb each other.
func CookieName(state string) string {
	return "__Host-gatehouse_attempt_" + hex.EncodeToString(stateHash(state))[:10]
}

func (s *SignIn) derive(what, state string) string {
	mac := s.pepper.MAC(what, []byte(state))
	return base64.RawURLEncoding.EncodeToString(mac[:])
}

// requestID is the ID of an attempt's AuthnRequest. An xs:ID begins with no digit.
func (s *SignIn) requestID(state string) string {
	mac := s.pepper.MAC("request", []byte(state))
	return "_" + hex.EncodeToString(mac[:20])
}

func (s *SignIn) browserHash(state, cookie string) []byte {
	mac := s.pepper.MAC("browser", []byte(state), []byte(cookie))
	return mac[:]
}
