package console

import (
	"errors"
	"net/url"
	"strings"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Config is what the pages are made with.
type Config struct {
	DB      *db.DB
	SignIn  *sso.SignIn
	Access  *access.Store
	Prover  tenants.Prover
	Budgets Budgets
	BaseURL string // public, without a slash at the end
	Name    string // of the installation, in the head of every page; "" means Gatehouse
	// Outbox, when it is set, is shown to anybody at /dev/mail. Never set it in production: letters contain sign-in links.
	Outbox *mail.Outbox
}

// Console serves the pages. Make it with [New]; it is safe for concurrent use.
type Console struct {
	db      *db.DB
	signIn  *sso.SignIn
	access  *access.Store
	prover  tenants.Prover
	budgets Budgets
	outbox  *mail.Outbox

	name      string
	base      string // the public base URL
	prefix    string // the path of base
	plainHTTP bool   // base is http, so providers may be
	templates templates
	assets    *assets
	urls      assetURLs
	pages     map[string]bool // paths of rows that are pages
}

// New reports everything that is wrong with cfg at once.
func New(cfg Config) (*Console, error) {
	var mistakes []error
	missing := func(is bool, what string) {
		if is {
			mistakes = append(mistakes, errors.New("console: no "+what))
		}
	}
	missing(cfg.DB == nil, "database")
	missing(cfg.SignIn == nil, "sign-in")
	missing(cfg.Access == nil, "access")
	missing(cfg.Budgets == nil, "budgets")
	missing(cfg.Prover.DB == nil || cfg.Prover.DNS == nil || cfg.Prover.Keyring == nil, "prover of domains")
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || strings.HasSuffix(cfg.BaseURL, "/") {
		mistakes = append(mistakes, errors.New("console: the base URL is not an address without a slash at its end"))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	if cfg.Name == "" {
		cfg.Name = "Gatehouse"
	}
	c := &Console{
		db: cfg.DB, signIn: cfg.SignIn, access: cfg.Access, prover: cfg.Prover, budgets: cfg.Budgets, outbox: cfg.Outbox, name: cfg.Name,
		base: cfg.BaseURL, prefix: base.Path, plainHTTP: base.Scheme == "http", templates: makeTemplates(),
	}
	if c.assets, err = loadAssets(c.prefix); err != nil {
		return nil, err
	}
	c.urls = c.assets.urls()
	c.pages = pagePaths(c.Routes())
	return c, nil
}
