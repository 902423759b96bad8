package api

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Proxied are the rows for proxies that ask by the method of the request and append its path to that of the question, as Envoy does. They are
// no part of the described API: nobody else asks so.
func (a *API) Proxied() web.Table {
	var table web.Table
	for _, method := range web.AskedBy() {
		table = append(table, web.Asked(method, "/v1/forward-auth/{demand}/{path...}", rbac.Self, web.Raw(a.forwardAuthBefore)).
			Group(catalog.Check).Doc("Answer a proxy that asks before it lets a request through"))
	}
	return table
}

// forwardAuth answers a proxy that asks before it lets a request through. The answer is the status, and headers for the product behind it;
// there is no redirect in it, so nothing that the request says can become one.
func (a *API) forwardAuth(c echo.Context) error { return a.pass(c, c.Request().URL.RawQuery) }

// noDemand stands where a proxy demands nothing but that the caller is in good standing.
const noDemand = "-"

// forwardAuthBefore is forwardAuth with the demand in the first segment of the path, which the proxy's configuration writes. What follows, the
// query above all, is the client's and is not read.
func (a *API) forwardAuthBefore(c echo.Context) error {
	demand := c.Param("demand")
	switch {
	case demand == "" || strings.Contains(demand, "%"): // names need no escapes, which would be read in two ways
		return errs.InvalidField("path", "Name the demand in the first segment, or - for none.")
	case demand == noDemand:
		demand = ""
	}
	return a.pass(c, demand)
}

// pass answers by what is demanded.
func (a *API) pass(c echo.Context, demand string) error {
	q, err := forwarded(demand)
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
func forwarded(demand string) (q checkIn, err error) {
	values, err := url.ParseQuery(demand)
	if err != nil {
		return q, errs.InvalidField("query", "cannot be read").Because(err)
	}
	for name, v := range values {
		if name != "permission" && name != "feature" && name != "quantity" { // which is not repeated: it may be anything, a token above all
			return q, errs.InvalidField("query", "Demand a permission, feature and quantity, and nothing else.")
		}
		if len(v) != 1 || v[0] == "" {
			return q, errs.InvalidField(name, "Give it once, with a value.")
		}
		switch name {
		case "permission":
			q.Permission = rbac.Permission(v[0])
		case "feature":
			q.Feature = billing.Feature(v[0])
		case "quantity":
			if q.Quantity, err = strconv.ParseInt(v[0], 10, 64); err != nil || q.Quantity < 1 {
				return q, errs.InvalidField(name, "is at least 1").Because(err)
			}
		}
	}
	if q == (checkIn{}) {
		return q, nil
	}
	return q, q.valid("")
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
