package web

import (
	"context"

	"github.com/seed-2a059015/gatehouse/sessions"
)

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
	// The request itself may have refreshed the session: then those cookies must not follow as well.
	if o.give != nil || o.drop {
		ex.Response().Header().Del("Set-Cookie")
	}
	if o.give != nil {
		sessions.SetCookies(ex.Response(), *o.give)
	}
	if o.drop {
		sessions.ClearCookies(ex.Response())
	}
}
