package sso

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// LastCookie is the name of the cookie that remembers how somebody last came in with a browser.
const LastCookie = "__Host-gatehouse_last"

const (
	lastKept = 365 * 24 * time.Hour
	maxLast  = 256
)

// Last is who last came in with a browser, where, and over which connection. It lets nobody in: it chooses the way to sign in that is
// offered first, and shows in a refused attempt that somebody is locked out who had come in before.
type Last struct {
	Tenant     id.Tenant
	Connection id.Connection
	Member     id.Membership
}

// LastOf reads what a browser remembers. A cookie that is not ours, or that came twice, is the zero Last.
func (s *SignIn) LastOf(r *http.Request) Last {
	found := r.CookiesNamed(LastCookie)
	if len(found) != 1 || len(found[0].Value) > maxLast {
		return Last{}
	}
	ids, mac, _ := strings.Cut(found[0].Value, "~")
	if !secret.Equal(mac, s.lastMAC(ids)) {
		return Last{}
	}
	parts := strings.Split(ids, ".")
	var l Last
	if len(parts) != 3 || l.Tenant.UnmarshalText([]byte(parts[0])) != nil || l.Connection.UnmarshalText([]byte(parts[1])) != nil ||
		l.Member.UnmarshalText([]byte(parts[2])) != nil {
		return Last{}
	}
	return l
}

// Cookie is what makes a browser remember l. Scripts do not see it, and it says nothing that its holder does not know.
func (s *SignIn) Cookie(l Last) *http.Cookie {
	ids := strings.Join([]string{l.Tenant.String(), l.Connection.String(), l.Member.String()}, ".")
	return &http.Cookie{
		Name: LastCookie, Value: ids + "~" + s.lastMAC(ids), Path: "/", MaxAge: int(lastKept.Seconds()), HttpOnly: true, Secure: true,
		SameSite: http.SameSiteLaxMode,
	}
}

func (s *SignIn) lastMAC(ids string) string {
	mac := s.pepper.MAC("last", []byte(ids))
	return base64.RawURLEncoding.EncodeToString(mac[:])
}

// at is the member who last came in over a connection of a tenant; the zero id if that was another way.
func (l Last) at(tenant id.Tenant, c id.Connection) id.Membership {
	if l.Tenant != tenant || l.Connection != c {
		return id.Membership{}
	}
	return l.Member
}
