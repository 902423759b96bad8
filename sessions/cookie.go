package sessions

import (
	"net/http"
	"time"
)

// The names of the cookies. The prefix __Host- makes browsers refuse them from anything but this very host over TLS, so that a sibling
// sub-domain cannot put its own in their place.
const (
	AccessCookie  = "__Host-gatehouse_access"
	RefreshCookie = "__Host-gatehouse_refresh"
)

// maxRefresh bounds a refresh token, which has a nearly fixed length.
const maxRefresh = 192

// SetCookies hands a pair to a browser. Each cookie lives as long as its token.
func SetCookies(w http.ResponseWriter, i Issued) {
	http.SetCookie(w, cookie(AccessCookie, i.Access, maxAge(i.AccessExpires.Sub(i.At))))
	http.SetCookie(w, cookie(RefreshCookie, i.Refresh, maxAge(i.RefreshExpires.Sub(i.At))))
}

// ClearCookies takes both tokens away from a browser.
func ClearCookies(w http.ResponseWriter) {
	http.SetCookie(w, cookie(AccessCookie, "", -1))
	http.SetCookie(w, cookie(RefreshCookie, "", -1))
}

// FromRequest returns the tokens that a browser sent, "" for one that it did not. A cookie sent twice is ErrCookies: one of them was put
// there by somebody else. One that cannot be ours by its length is ErrToken.
func FromRequest(r *http.Request) (access, refresh string, err error) {
	if access, err = single(r, AccessCookie, maxToken); err != nil {
		return "", "", err
	}
	if refresh, err = single(r, RefreshCookie, maxRefresh); err != nil {
		return "", "", err
	}
	return access, refresh, nil
}

func single(r *http.Request, name string, longest int) (string, error) {
	found := r.CookiesNamed(name)
	switch {
	case len(found) == 0:
		return "", nil
	case len(found) > 1:
		return "", ErrCookies
	case len(found[0].Value) > longest || found[0].Quoted:
		return "", ErrToken
	}
	return found[0].Value, nil
}

func cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
	}
}

// maxAge is at least a second: without one, a cookie stays until the browser is closed.
func maxAge(lifetime time.Duration) int { return max(1, int(lifetime.Seconds())) }
