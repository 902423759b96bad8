package console

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// setupRoot is the path of all pages of the set-up.
const setupRoot = "/setup"

// maxMetadata bounds the form with a provider's metadata: 1 MiB as a file and as much as text.
const maxMetadata = 2<<20 + 64<<10

// setupRoutes is the walk through the set-up. Its rows are open to the guard, since two kinds of people take the same way: members who may
// write connections, and who holds a set-up link. [Console.setupViewer] tells which, and refuses everybody else, before anything is read.
func (c *Console) setupRoutes() web.Table {
	return web.Table{
		c.look("", c.showProviders, "Choose a provider to connect"),
		c.look("/new/{provider}", c.showProtocols, "Choose a protocol"),
		c.send("/new/{provider}", maxForm, c.beginSetup, "Begin to connect a provider"),
		c.look("/plan/{plan}", c.showPlanGuide, "What to do at the provider"),
		c.look("/plan/{plan}/details", c.askPlanDetails, "Enter what the provider gave"),
		c.send("/plan/{plan}/details", maxMetadata, c.createConnection, "Make the connection"),
		c.look("/{connection}/guide", c.showGuide, "What to do at the provider"),
		c.look("/{connection}/details", c.askDetails, "Change what the provider gave"),
		c.send("/{connection}/details", maxMetadata, c.updateDetails, "Point the connection at what the provider gave"),
		c.look("/{connection}/mapping", c.askMapping, "Map attributes and groups"),
		c.send("/{connection}/mapping", 4*maxForm, c.saveMapping, "Save the mapping"),
		c.look("/{connection}/domains", c.showDomains, "The domains whose people sign in"),
		c.send("/{connection}/domains", maxForm, c.proving(c.addDomain), "List a domain"),
		c.send("/{connection}/domains/check", maxForm, c.proving(c.checkDomain), "Look for the record of a domain now"),
		c.look("/{connection}/test", c.showTrials, "Tests of the connection"),
		c.send("/{connection}/test", maxForm, c.startTrial, "Test a sign-in"),
		c.send("/{connection}/testers", maxForm, c.saveTesters, "Name who may sign in while the connection is in testing"),
		c.look("/{connection}/activate", c.askActivation, "Who signs in through the connection"),
		c.send("/{connection}/activate", maxForm, c.activate, "Change who signs in through the connection"),
	}
}

// visit answers one request of a viewer.
type visit func(echo.Context, viewer) error

func (c *Console) look(path string, answer visit, doc string) web.Route {
	return web.Open(http.MethodGet+" "+setupRoot+path, whySetup, c.visited(answer)).Limit(office).Doc(doc)
}

func (c *Console) send(path string, most int64, answer visit, doc string) web.Route {
	return web.Open(http.MethodPost+" "+setupRoot+path, whySetup, c.visited(answer)).MaxBody(most).Limit(ratelimit.PerMinute(60)).Doc(doc)
}

// visited finds out who the viewer is, and answers in their name.
func (c *Console) visited(answer visit) web.Handler {
	return web.Raw(func(ctx echo.Context) error {
		v, err := c.setupViewer(ctx)
		if err != nil {
			return err
		}
		ctx.SetRequest(ctx.Request().WithContext(v.in(ctx.Request().Context())))
		return answer(ctx, v)
	})
}

// proving also asks a member for the permission to change domains.
func (c *Console) proving(answer visit) visit {
	return func(ctx echo.Context, v viewer) error {
		if !c.mayAlso(v, rbac.DomainsWrite) {
			return errs.New(errs.Forbidden, "role_lacks_permission", "Your role does not allow this.")
		}
		return answer(ctx, v)
	}
}
