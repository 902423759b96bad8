package api

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// forwardAuth answers a proxy that asks before it lets a request through. The answer is the status, and headers for the product behind it;
// there is no redirect in it, so nothing that the request says can become one.
func (a *API) forwardAuth(c echo.Context) error {
	q, err := forwarded(c.Request().URL.RawQuery)
	if err != nil {
		return err
	}
	p := authn.From(c.Request().Context())
	if q != (checkIn{}) {
		if d := a.Access.Ask(p, nil, q.question(c.Request().Context())); !d.Allowed { // standing was decided by the row
			return d.Err()
		}
	}
	h := c.Response().Header()
	for name, value := range identity(p) {
		h.Set(name, value)
	}
	return c.NoContent(http.StatusOK)
}

// forwarded reads what the proxy's configuration demands. A demand that cannot be read refuses: to overlook it would let everybody in.
func forwarded(query string) (q checkIn, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return q, errs.InvalidField("query", "cannot be read").Because(err)
	}
	for name, v := range values {
		if len(v) != 1 || v[0] == "" {
			return q, errs.InvalidField(name, "Give it once, with a value.")
		}
		switch name {
		case "permission":
			q.Permission = rbac.Permission(v[0])
		case "feature":
			q.Feature = billing.Feature(v[0])
		default:
			return q, errs.InvalidField(name, "is not known here")
		}
	}
	return q, nil
}

// identity is who is asking, as headers. All are there always: one that is empty takes away what a client made up.
func identity(p *authn.Principal) map[string]string {
	return map[string]string{
		"X-Gatehouse-Tenant": p.Tenant.String(), "X-Gatehouse-User": p.User.String(), "X-Gatehouse-Member": p.Membership.String(),
		"X-Gatehouse-Key": p.Key.String(), "X-Gatehouse-Role": p.Role, "X-Gatehouse-Plan": p.Plan, "X-Gatehouse-Email": printable(p.Email),
	}
}

// printable is s if a header can hold it as it is, and otherwise nothing: half of an address would be another one.
func printable(s string) string {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return ""
		}
	}
	return s
}
