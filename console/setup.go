package console

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

// viewer is who sets single sign-on up: a member who may, or somebody outside who opened a set-up link.
type viewer struct {
	principal    *authn.Principal
	setup        *sso.Setup // nil for a member
	tenant, slug string
}

// in is the context in which the viewer acts: what they change bears their name, and the rules for them hold.
func (v viewer) in(ctx context.Context) context.Context { return authn.With(ctx, v.principal) }

var (
	errNobody    = errs.New(errs.Unauthenticated, "unauthenticated", "Sign in, or open your set-up link.")
	errUnsettled = errs.New(errs.Forbidden, "cross_site", "This request came from a page of another site.")
)

// setupViewer says who is looking at the set-up pages, whose rows are open. A member needs the permission to write connections, and both need
// a plan with single sign-on. Where a browser has a session of one organization and a link of another, the link counts: it was opened on
// purpose, and may do less.
func (c *Console) setupViewer(ctx echo.Context) (viewer, error) {
	held, dead, err := c.holder(ctx)
	if err != nil {
		return viewer{}, err
	}
	r := ctx.Request().Context()
	member, err := web.Permitted(r, rbac.ConnectionsWrite, billing.SSO)
	if held != nil && (err != nil || member == nil || member.Tenant != held.Tenant.ID) {
		return c.outside(held)
	}
	switch {
	case err != nil:
		return viewer{}, err
	case member == nil && dead:
		return viewer{}, sso.ErrSetupLink
	case member == nil:
		return viewer{}, errNobody
	}
	t, err := c.access.Tenant(r, member.Tenant)
	if err != nil {
		return viewer{}, err
	}
	return viewer{principal: member, tenant: t.Name, slug: t.Slug}, nil
}

// holder reads the cookie of a set-up link; dead says that there is one, and that it is over.
func (c *Console) holder(ctx echo.Context) (held *sso.Setup, dead bool, err error) {
	r := ctx.Request()
	cookie := sso.SetupCookieOf(r)
	if cookie == "" {
		return nil, false, nil
	}
	// The cookie is SameSite=Lax, and the guard refuses what says that it comes from elsewhere. What says nothing is a browser of yesterday.
	if r.Method != http.MethodGet && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		return nil, false, errUnsettled
	}
	s, err := c.signIn.SetupSession(r.Context(), cookie)
	if errors.Is(err, sso.ErrSetupLink) {
		http.SetCookie(ctx.Response(), sso.ForgetSetup())
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	return &s, false, nil
}

// outside is the holder of a link. They have no role; of the plan it is asked what it would give to the administrator who made the link.
func (c *Console) outside(held *sso.Setup) (viewer, error) {
	maker := &authn.Principal{Role: string(rbac.Admin), Plan: string(held.Tenant.Plan)}
	if d := c.access.Decide(maker, nil, rbac.ConnectionsWrite, billing.SSO); !d.Allowed {
		return viewer{}, d.Err()
	}
	return viewer{principal: held.Principal(), setup: held, tenant: held.Tenant.Name, slug: held.Tenant.Slug}, nil
}

// setupLinkPage opens a set-up link. Looking at it opens nothing, so that the machines which read mail before people do no harm.
type setupLinkPage struct{ Problem string }

func (setupLinkPage) frame() frame {
	return frame{file: "setup-link", title: "Set up single sign-on", narrow: true, script: "link.js"}
}

func (c *Console) askSetupLink(ctx echo.Context) error {
	return c.render(ctx, http.StatusOK, setupLinkPage{})
}

func (c *Console) openSetupLink(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	credential, err := secret.Parse(secret.PrefixSetupLink, pasted(form.Get("link")))
	if err != nil {
		return c.render(ctx, http.StatusUnprocessableEntity, setupLinkPage{Problem: "It is not complete. Copy all of it, to the last character."})
	}
	_, cookie, err := c.signIn.OpenSetupLink(ctx.Request().Context(), credential)
	if errors.Is(err, sso.ErrSetupLink) {
		return c.render(ctx, http.StatusGone, setupLinkPage{Problem: sso.ErrSetupLink.Detail})
	}
	if err != nil {
		return err
	}
	http.SetCookie(ctx.Response(), cookie)
	return c.redirect(ctx, "/setup")
}

// pasted takes the credential out of the address that it stands in.
func pasted(text string) string {
	text = strings.TrimSpace(text)
	if _, after, whole := strings.Cut(text, "#"); whole {
		return after
	}
	return text
}

// leaveSetup takes the link's cookie away from a browser that somebody else will use. The link stays used.
func (c *Console) leaveSetup(ctx echo.Context) error {
	http.SetCookie(ctx.Response(), sso.ForgetSetup())
	return c.redirect(ctx, "/logged-out")
}
