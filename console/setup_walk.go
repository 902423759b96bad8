package console

import (
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/guide"
)

// The steps of the set-up, in order.
const (
	atProvider = iota
	atGuide
	atDetails
	atMapping
	atDomains
	atTest
	atActivate
)

func stepNames() []string {
	return []string{"Provider", "Instructions", "Connect", "Mapping", "Domains", "Test", "Activate"}
}

// walk is what all pages of the set-up have in common.
type walk struct {
	Root     string // before the paths of all pages
	Here     string // path of the page itself
	Self     string // the same, for a return from elsewhere
	Reauth   string // where to sign in once more
	Leave    string // where to forget the set-up link
	Tenant   string
	Provider string // its name within a sentence, once it is chosen
	Opening  string // the same at the start of one
	Mark     string
	Protocol string
	Status   string // of the connection, once it is made
	Outside  bool
	Until    moment // that a set-up link works
	Stale    bool   // the viewer has to sign in once more before anything can be saved
	Number   int
	Of       int
	Steps    []walkStep
}

// walkStep is one step in the list beside the page. One that cannot be visited yet has no path.
type walkStep struct {
	Number        int
	Name, Path    string
	Current, Done bool
}

// journey is how far a set-up has come.
type journey struct {
	guide      guide.Guide
	plan       string         // a reservation, while there is no connection
	connection sso.Connection // zero before it is made
}

// stale is a little less than what sso grants, so that a form is not refused that was offered a moment ago.
const stale = 4 * time.Minute

// walkOf makes what the pages of a set-up have in common.
func (c *Console) walkOf(v viewer, j journey, at int) walk {
	w := walk{
		Root: c.prefix + setupRoot, Reauth: c.prefix + "/reauthenticate", Leave: c.prefix + setupRoot + "/leave", Tenant: v.tenant, Outside: v.outside(), Number: at + 1, Of: len(stepNames()), Provider: yours(j.guide.Name),
		Opening: sentence(yours(j.guide.Name)), Mark: initial(sentence(yours(j.guide.Name))), Status: statusName(j.connection.Status),
		Stale: v.principal.Kind == authn.Member && !v.decides() && c.access.Now().Sub(v.principal.AuthTime) > stale,
	}
	if j.guide.Protocol != "" {
		w.Protocol = protocolName(j.guide.Protocol)
	}
	for n, name := range stepNames() {
		s := walkStep{Number: n + 1, Name: name, Current: n == at, Done: n < at && n != atTest || j.done(n)}
		if path := j.path(n); path != "" || n == atProvider {
			s.Path = w.Root + path
		}
		if s.Current {
			w.Here, w.Self = w.Root+j.path(n), setupRoot+j.path(n)
		}
		w.Steps = append(w.Steps, s)
	}
	if v.outside() {
		w.Until = momentOf(*v.setup.Link.SessionExpiresAt)
	}
	return w
}

// path is where a step is, from the root; "" for one that cannot be visited yet.
func (j journey) path(step int) string {
	if !j.connection.ID.IsZero() {
		last := []string{"", "/guide", "/details", "/mapping", "/domains", "/test", "/activate"}[step]
		if last == "" {
			return ""
		}
		return "/" + j.connection.ID.String() + last
	}
	switch {
	case j.plan != "" && step == atGuide:
		return "/plan/" + j.plan
	case j.plan != "" && step == atDetails:
		return "/plan/" + j.plan + "/details"
	default:
		return ""
	}
}

// done says that a step has been taken, wherever the viewer is now.
func (j journey) done(step int) bool {
	c := j.connection
	switch step {
	case atProvider, atGuide, atDetails:
		return !c.ID.IsZero()
	case atMapping, atDomains:
		return c.TestedAt != nil
	case atTest:
		return c.TestedAt != nil
	default:
		return c.Status.Everybody()
	}
}

// journeyOf finds the connection of the path, and the guide that it was made by.
func (c *Console) journeyOf(ctx echo.Context, v viewer) (journey, error) {
	which, err := v.connectionOf(ctx)
	if err != nil {
		return journey{}, err
	}
	var j journey
	r := ctx.Request().Context()
	err = c.db.Tenant(r, v.principal.Tenant, func(tx *db.TenantTx) (err error) {
		j.connection, err = sso.ConnectionByID(r, tx, which)
		return err
	})
	j.guide = guideFor(j.connection.Preset, j.connection.Protocol)
	return j, err
}

// guideFor is the guide of a provider, or the generic one for what was set up without one.
func guideFor(preset, protocol string) guide.Guide {
	g, ok := guide.Find(preset, protocol)
	if !ok {
		g, _ = guide.Find(guide.Generic, protocol)
	}
	return g
}

func statusName(s sso.Status) string {
	switch s {
	case sso.Drafted:
		return "Draft"
	case sso.Testing:
		return "In testing"
	case sso.Optional:
		return "Optional"
	case sso.Required:
		return "Required"
	case sso.Disabled:
		return "Disabled"
	default:
		return ""
	}
}
