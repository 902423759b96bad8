package console

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/web"
)

// errorPage tells of a failure: a code that stays the same, the request under which the log has the rest, and a sentence that holds
// nothing internal.
type errorPage struct {
	Heading   string
	Sentence  string
	Code      string
	RequestID string
	NeedsRole string
	NeedsPlan string
	LookUp    bool // an administrator finds the cause under the request
	Back      errorBack
}

// errorBack is the way on.
type errorBack struct{ Label, Path string }

func (p errorPage) frame() frame { return frame{file: "error", title: p.Heading, narrow: true} }

// Error draws a failure for a person. Who is not signed in and only wanted to look is sent to the sign-in instead, and back from there.
// It is made for [web.Config].
func (c *Console) Error(ctx echo.Context, p web.Problem) error {
	path := strings.TrimPrefix(ctx.Request().URL.Path, c.prefix)
	if reauthNeeded(p) {
		return c.askReauth(ctx, p)
	}
	if p.Status == http.StatusUnauthorized {
		ctx.Response().Header().Del("WWW-Authenticate")
		return c.redirect(ctx, signInPath(ctx.Request(), path))
	}
	return c.render(ctx, p.Status, errorPageOf(p, path))
}

// signInPath keeps where the person wanted to go, unless a form took them there: what they typed is lost anyway.
func signInPath(r *http.Request, path string) string {
	if r.Method != http.MethodGet {
		return "/login"
	}
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	if path = web.SafeReturn(path); path == "/" {
		return "/login"
	}
	return "/login?" + url.Values{"return_to": {path}}.Encode()
}

func errorPageOf(p web.Problem, path string) errorPage {
	e := errorPage{Code: p.Code, RequestID: p.RequestID, Sentence: p.Detail, Back: errorBack{"Go to the start", "/"}}
	e.NeedsRole, _ = p.Extra["needs_role"].(string)
	e.NeedsPlan, _ = p.Extra["needs_plan"].(string)
	switch {
	case p.Status == http.StatusNotFound:
		// The same for what never was and for what is somebody else's.
		e.Heading, e.Sentence = "There is no such page", "Check the address, or go back and try another way."
	case p.Status == http.StatusTooManyRequests:
		e.Heading = "Too many requests"
	case p.Status >= http.StatusInternalServerError:
		e.Heading = "Something went wrong"
	case signingIn(path):
		e.Heading, e.Back, e.LookUp = "You could not be signed in", errorBack{"Sign in again", "/login"}, true
	case p.Status == http.StatusForbidden:
		e.Heading = "This is not allowed"
		if keepsOut(p.Code) {
			e.Back = errorBack{"Sign in another way", "/login"}
		}
	default:
		e.Heading = "This request could not be used"
	}
	return e
}

func signingIn(path string) bool {
	for _, under := range []string{"/login/", "/sso/oidc/", "/sso/saml/", "/sso/google/"} {
		if strings.HasPrefix(path, under) {
			return true
		}
	}
	return path == "/login" || path == "/choose" || path == "/sso/confirm"
}

// keepsOut says that a refusal concerns the session as a whole, so that the start would refuse as well.
func keepsOut(code string) bool {
	switch code {
	case "tenant_suspended", "member_suspended", "no_membership", "sso_required":
		return true
	default:
		return false
	}
}
