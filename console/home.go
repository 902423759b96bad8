package console

import (
	"context"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// homePage tells a person who and where they are.
type homePage struct {
	Name     string
	Email    string
	Initial  string
	Tenant   string
	Role     string
	Plan     string
	Method   string
	SignedIn moment
	Places   []homePlace
	Ways     []homeWay
	Duties   []wayTo
}

// homeWay is one of the organization's connections, and whether the person comes in by it.
type homeWay struct {
	ID, Name string
	Linked   bool
}

// homePlace is another organization that the person may enter. OwnSignIn says that it asks them to sign in there first.
type homePlace struct {
	ID, Name, Role string
	OwnSignIn      bool
}

func (homePage) frame() frame {
	return frame{file: "home", title: "Home", signedIn: true, here: "home"}
}

func (c *Console) home(ctx echo.Context) error {
	p := authn.From(ctx.Request().Context())
	tenant, err := c.access.Tenant(ctx.Request().Context(), p.Tenant)
	if err != nil {
		return err
	}
	places, err := c.placesOf(ctx.Request().Context(), p)
	if err != nil {
		return err
	}
	ways, err := c.signIn.WaysOf(ctx.Request().Context(), p)
	if err != nil {
		return err
	}
	role := p.Role
	if rbac.Role(role).Custom() {
		err := c.db.Tenant(ctx.Request().Context(), p.Tenant, func(tx *db.TenantTx) (err error) {
			role, err = tenants.RoleName(ctx.Request().Context(), tx, rbac.Role(p.Role))
			return err
		})
		if err != nil {
			return err
		}
	}
	name := p.Name
	if name == "" {
		name, _, _ = strings.Cut(p.Email, "@")
	}
	page := homePage{
		Name: name, Email: p.Email, Initial: initial(name), Tenant: tenant.Name, Role: role, Plan: p.Plan, Method: methodName(p.Method),
		SignedIn: momentOf(p.AuthTime), Places: places, Duties: c.duties(p),
	}
	for _, w := range ways {
		page.Ways = append(page.Ways, homeWay{w.Connection.ID.String(), w.Connection.Name, w.Linked})
	}
	return c.render(ctx, http.StatusOK, page)
}

// link begins to add one of the organization's connections to the ways in which the person comes in.
func (c *Console) link(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	var which id.Connection
	if err := which.UnmarshalText([]byte(form.Get("connection"))); err != nil || which == id.Google {
		return errs.NotFound("connection")
	}
	r := ctx.Request().Context()
	to, err := c.signIn.BeginLink(r, authn.From(r), which)
	if err != nil {
		return err
	}
	return c.depart(ctx, to)
}

// placesOf lists where else the person may go; a session that a tenant's provider made sees no other place at all.
func (c *Console) placesOf(ctx context.Context, p *authn.Principal) ([]homePlace, error) {
	all, err := c.signIn.Places(ctx, p)
	if err != nil {
		return nil, err
	}
	var others []homePlace
	for _, place := range all {
		if place.Tenant.ID == p.Tenant {
			continue
		}
		// Only a hint for the button: Switch decides.
		direct := p.Method == sso.MethodGoogle && place.Policy.Allows(p.Method, place.Membership.Role)
		others = append(others, homePlace{place.Tenant.ID.String(), place.Tenant.Name, roleElsewhere(place.Membership.Role), !direct})
	}
	return others, nil
}

// roleElsewhere is what a page calls a role of another organization, whose names stay there.
func roleElsewhere(r rbac.Role) string {
	if r.Custom() {
		return "one of its own"
	}
	return string(r)
}

// methodName is how people call a way of signing in.
func methodName(method string) string {
	switch method {
	case sso.MethodOIDC, sso.MethodSAML:
		return "Single sign-on"
	case sso.MethodGoogle:
		return "Google"
	case sso.MethodLink:
		return "Sign-in link"
	default:
		return method
	}
}

func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(name)
	if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
		return "·"
	}
	return string(unicode.ToUpper(r))
}
