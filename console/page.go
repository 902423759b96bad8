package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/rbac"
)

//go:embed templates/*.html
var templateFiles embed.FS

// page is what one template shows. Its exported fields are all that the template sees of it.
type page interface{ frame() frame }

// frame says how a page is framed.
type frame struct {
	file     string // of the template, without .html
	title    string
	narrow   bool // one card in the middle
	signedIn bool // with the way to sessions and out
	here     string
	script   string
	leaves   bool // its forms end, by redirects, at other sites
}

// layout is what templates are executed with; layout.html uses all of it, the page's own template Page, Base and Assets.
type layout struct {
	Title    string
	Product  string
	Base     string // the path of the base URL, before every link
	Here     string
	Script   string
	Footer   string
	Narrow   bool
	SignedIn bool
	Manages  bool // single sign-on
	Assets   assetURLs
	Page     page
}

// every lists a zero page of each kind.
func every() []page {
	return []page{
		loginPage{},
		tenantPage{},
		linkPage{},
		recoverPage{},
		recoverLinkPage{},
		setupLinkPage{},
		providersPage{},
		protocolsPage{},
		guidePage{},
		detailsPage{},
		mappingPage{},
		domainsPage{},
		trialsPage{},
		activatePage{},
		invitationPage{},
		invitedPage{},
		choosePage{},
		homePage{},
		sessionsPage{},
		loggedOutPage{},
		testedPage{},
		confirmPage{},
		postPage{},
		errorPage{},
		mailPage{},
		connectionsPage{},
		connectionPage{},
		advancedPage{},
		setupLinksPage{},
		routingPage{},
		invitationsPage{},
		membersPage{},
		memberPage{},
		rolesPage{},
		rolePage{},
		usagePage{},
		attemptsPage{},
		attemptPage{},
		documentPage{},
		reauthPage{},
	}
}

// templates draw pages by the names of their files. Each is parsed when its page is asked for first: all of them together are 3 MB, and a
// server that is asked for nothing but decisions needs none.
type templates map[string]func() (*template.Template, error)

func makeTemplates() templates {
	all := templates{}
	for _, p := range every() {
		file := p.frame().file
		all[file] = sync.OnceValues(func() (*template.Template, error) { return parse(file) })
	}
	return all
}

func parse(file string) (*template.Template, error) {
	t, err := template.New("layout.html").Option("missingkey=error").
		ParseFS(templateFiles, "templates/layout.html", "templates/setup-parts.html", "templates/"+file+".html")
	if err != nil {
		return nil, fmt.Errorf("console: template %s: %w", file, err)
	}
	return t, nil
}

// render writes a page. Nothing is sent before the whole page is made, so that a failure is a proper error page.
func (c *Console) render(ctx echo.Context, status int, p page) error {
	f := p.frame()
	t, err := c.templates[f.file]()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	err = t.Execute(&b, layout{
		Title: f.title, Product: c.name, Base: c.prefix, Here: f.here, Script: c.assets.url(f.script), Footer: c.footer(), Narrow: f.narrow,
		SignedIn: f.signedIn, Manages: f.here == "sso" || f.signedIn && c.may(authn.From(ctx.Request().Context()), rbac.ConnectionsRead), Assets: c.urls, Page: p,
	})
	if err != nil {
		return fmt.Errorf("render the page %s: %w", f.file, err)
	}
	h := ctx.Response().Header()
	h.Set("Content-Security-Policy", c.policy(f))
	h.Set("Cache-Control", "no-store")
	return ctx.HTMLBlob(status, b.Bytes())
}

// policy is the Content-Security-Policy of a page. Browsers hold form-action against every redirect that follows a form, so a page from
// which people go to their provider, wherever that is, has to allow all of its kind.
func (c *Console) policy(f frame) string {
	forms := "'self'"
	if f.leaves || f.signedIn { // whoever is signed in can sign out, and their provider with them
		forms += " https:"
		if c.plainHTTP {
			forms += " http:"
		}
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action " + forms +
		"; base-uri 'none'; frame-ancestors 'none'"
}

func (c *Console) footer() string { return "Sign-in and access by " + c.name }
