package web

import (
	"context"
	"net/http"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
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
		ex.cookies.give, ex.cookies.drop = &issued, false
	}
}

// DropSession clears the browser's cookies when the handler of this request succeeds.
func DropSession(ctx context.Context) {
	if ex, ok := ctx.Value(exchangeKey{}).(*exchange); ok && ex.byCookie {
		ex.cookies.give, ex.cookies.drop = nil, true
	}
}

// SetCookie sets a cookie that is none of the session's when the handler of this request succeeds, whatever the caller authenticated by.
func SetCookie(ctx context.Context, cookie *http.Cookie) {
	if ex, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		ex.cookies.more = append(ex.cookies.more, cookie)
	}
}

// Visitor is who is signed in with the browser that calls an open row; nil if nobody is. What the row answers must not depend on their
// permissions: nobody has asked for those.
func Visitor(ctx context.Context) (*authn.Principal, error) {
	ex, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok || !ex.shown.cookies {
		return nil, nil
	}
	p, err := ex.byCookies()
	if p == nil {
		if e := asRefusal(err); e != nil && e.Kind < http.StatusInternalServerError {
			return nil, nil
		}
		return nil, err
	}
	return p, nil
}

// ReplaceSession hands a browser the session of a sign-in, on an open row, and ends the one that it had: nobody stays signed
// in where another person sits now.
func ReplaceSession(ctx context.Context, w http.ResponseWriter, issued sessions.Issued) error {
	if ex, ok := ctx.Value(exchangeKey{}).(*exchange); ok && ex.shown.cookies {
		if err := ex.endPresented(); err != nil {
			return err
		}
	}
	sessions.SetCookies(w, issued)
	return nil
}

// endPresented ends the session whose cookies came along, if it is alive.
func (ex *exchange) endPresented() error {
	p, err := ex.byCookies()
	ex.Response().Header().Del("Set-Cookie") // of a refresh
	if p == nil {
		if e := asRefusal(err); e != nil && e.Kind < http.StatusInternalServerError {
			return nil
		}
		return err
	}
	ctx := authn.With(ex.ctx, p)
	return ex.server.db.Tenant(ctx, p.Tenant, func(tx *db.TenantTx) error {
		return sessions.Revoke(ctx, tx, p.Session, p.Membership, sessions.ReasonReplaced)
	})
}

// cookieOrder is what a handler wants done once its transaction has committed.
type cookieOrder struct {
	give *sessions.Issued
	drop bool
	more []*http.Cookie
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
	for _, cookie := range o.more {
		http.SetCookie(ex.Response(), cookie)
	}
}
