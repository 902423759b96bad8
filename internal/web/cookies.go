package web

import (
	"context"
	"net/http"
	"time"

	"github.com/seed-2a059015/gatehouse/sessions"
)

// The cookies of a browser's session. The __Host- prefix makes browsers refuse them from other hosts and over http.
const (
	AccessCookie  = "__Host-gatehouse_access"
	RefreshCookie = "__Host-gatehouse_refresh"
)

// SetSession gives the browser the cookies of a session that has just been started.
func SetSession(w http.ResponseWriter, issued sessions.Issued) { setCookies(w, issued) }

// ClearSession takes the cookies of a session from the browser.
func ClearSession(w http.ResponseWriter) { clearCookies(w) }

// UsesCookies says that the caller authenticated by cookies. A handler then hands no token to the page's scripts; it calls
// [GiveSession].
func UsesCookies(ctx context.Context) bool {
	ex, ok := ctx.Value(exchangeKey{}).(*exchange)
	return ok && ex.byCookie
}

// GiveSession sets the browser's cookies when the handler of this request succeeds. It does nothing for callers without
// cookies.
func GiveSession(ctx context.Context, issued sessions.Issued) {
	if ex, ok := ctx.Value(exchangeKey{}).(*exchange); ok && ex.byCookie {
		ex.cookies = cookieOrder{give: &issued}
	}
}

// DropSession clears the browser's cookies when the handler of this request succeeds.
func DropSession(ctx context.Context) {
	if ex, ok := ctx.Value(exchangeKey{}).(*exchange); ok && ex.byCookie {
		ex.cookies = cookieOrder{drop: true}
	}
}

// cookieOrder is what a handler wants done once its transaction has committed.
type cookieOrder struct {
	give *sessions.Issued
	drop bool
}

func (o cookieOrder) apply(ex *exchange) {
	if o.give != nil {
		setCookies(ex.Response(), *o.give)
	}
	if o.drop {
		clearCookies(ex.Response())
	}
}

func setCookies(w http.ResponseWriter, issued sessions.Issued) {
	putCookie(w, AccessCookie, issued.Access, issued.AccessExpires)
	putCookie(w, RefreshCookie, issued.Refresh, issued.RefreshExpires)
}

func clearCookies(w http.ResponseWriter) {
	for _, name := range [...]string{AccessCookie, RefreshCookie} {
		putCookie(w, name, "", time.Time{})
	}
}

// putCookie uses Max-Age and not Expires: the browser's clock may be wrong. Without a value it removes the cookie.
func putCookie(w http.ResponseWriter, name, value string, expires time.Time) {
	age := -1
	if value != "" {
		age = max(int(time.Until(expires).Seconds()), 1)
	}
	// Chromium and Firefox accept Secure cookies from http on a loopback host.
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
