package web

import (
	"context"
	"net/http"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Permitted is who is signed in with the browser that calls an open row, if they may do what needs a permission and a plan feature, as on a
// row that names both; nil if nobody is signed in. It is for pages that somebody else may see too, by a credential of their own. The error
// says what speaks against who is signed in.
func Permitted(ctx context.Context, permission rbac.Permission, f billing.Feature) (*authn.Principal, error) {
	ex, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok || !ex.shown.cookies {
		return nil, nil
	}
	p, standing := ex.byCookies()
	if p == nil {
		if e := asRefusal(standing); e != nil && e.Kind < http.StatusInternalServerError {
			return nil, nil
		}
		return nil, standing
	}
	if d := ex.server.access.Ask(p, standing, access.Question{Permission: permission, Feature: f, Route: ex.label()}); !d.Allowed {
		return nil, d.Err()
	}
	return p, nil
}
