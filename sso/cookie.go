package sso

import "net/http"

// Cookie binds the attempt to the browser that it is set in. It is the one cookie that must come along with a cross-site POST, since some
// providers answer with one.
func (r Redirect) Cookie() *http.Cookie {
	//nolint:gosec // SameSite=None is the purpose, and the cookie opens nothing but its own attempt
	return &http.Cookie{
		Name: r.CookieName, Value: r.CookieValue, Path: "/", MaxAge: int(r.MaxAge.Seconds()), Secure: true, HttpOnly: true,
		SameSite: http.SameSiteNoneMode,
	}
}
