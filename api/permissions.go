package api

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

type permissionsOut struct {
	Permissions []rbac.Permission `json:"permissions" doc:"What the caller may do here now; sorted"`
	Features    []billing.Feature `json:"features" doc:"What the tenant has now, by its plan, a trial or an override; sorted"`
	Clause      string            `json:"clause,omitempty" doc:"What refuses everything"`
	Message     string            `json:"message,omitempty" doc:"For a person"`
}

// permissions lists what the caller may do. It is raw for its 304: a page that asks before each click costs a comparison.
func (a *API) permissions(c echo.Context) error {
	ctx := c.Request().Context()
	p := authn.From(ctx)
	t, err := a.Access.Tenant(ctx, p.Tenant)
	if err != nil {
		return err
	}
	g := a.Access.Grants(p, web.Standing(ctx))
	// The lists themselves too: what is overridden or lent for a time ends without a new version of anything.
	tag := entityTag(g.Catalog, t.Version, p.Role, p.Plan, p.Subject(), g.Clause, g.Permissions, g.Features)
	h := c.Response().Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache") // kept, but asked about before each use
	h.Add("Vary", "Authorization, Cookie, X-API-Key")
	if names(c.Request().Header.Values("If-None-Match"), tag) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.JSON(http.StatusOK, grantsOf(g))
}

func grantsOf(g access.Grants) permissionsOut {
	return permissionsOut{append([]rbac.Permission{}, g.Permissions...), append([]billing.Feature{}, g.Features...), g.Clause, g.Message}
}

// entityTag is opaque: versions say how busy a tenant is, which is nobody's business.
func entityTag(of ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", of))
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

// names says that the values of If-None-Match name a tag, by the weak comparison that RFC 9110 asks for.
func names(values []string, tag string) bool {
	for _, value := range values {
		for candidate := range strings.SplitSeq(value, ",") {
			if candidate = strings.TrimSpace(candidate); candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
				return true
			}
		}
	}
	return false
}
