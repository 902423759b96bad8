package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

// connectionPage is everything about one connection: how it does, what it is, and what can be done with it.
type connectionPage struct {
	ID, Name, Protocol, Provider, Issuer string

	State   badge
	Steps   []stateStep
	Forward []stateMove // the way to required
	Back    []stateMove // all other ways
	Proof   []proofItem
	Problem string // why the last thing that was asked for was not done

	Watch  watchNotice
	Frozen moment
	Owner  bool
	Mayact bool

	Pulse        pulseView
	Causes       []causeView
	Attempts     []attemptRow
	Certificates []certificateRow
	Metadata     metadataView
	Domains      []domainRow
	Settings     []testedFact
	Groups       []sso.GroupRole
	Testers      []string
	Legacy       []legacyRow
	SAML         bool
	History      []revisionRow
}

func (p connectionPage) frame() frame {
	return frame{file: "connection", title: or(p.Name, "Connection"), signedIn: true, here: "sso", leaves: true}
}

// Pending are certificates that wait for an owner.
func (p connectionPage) Pending() []certificateRow {
	var rows []certificateRow
	for _, r := range p.Certificates {
		if r.Pending {
			rows = append(rows, r)
		}
	}
	return rows
}

// Watched says in words what would be taken back.
func (p connectionPage) Watched() []string {
	var words []string
	for _, c := range p.Watch.Changes {
		words = append(words, c.Field+" from "+or(c.From, "nothing")+" to "+or(c.To, "nothing"))
	}
	return words
}

type domainRow struct {
	Name, Rule string
	State      badge
	Lapses     moment
}

type legacyRow struct {
	Name, Danger string
	Since        moment
}

// metadataView is where the provider's metadata comes from, and how that went.
type metadataView struct {
	URL, Problem    string
	Refreshed, Next moment
}

const (
	shownAttempts = 8
	shownHistory  = 10
)

func (c *Console) showConnection(ctx echo.Context) error {
	return c.drawConnection(ctx, http.StatusOK, "")
}

// drawConnection draws the page of the path's connection, with what went wrong just now.
func (c *Console) drawConnection(ctx echo.Context, status int, problem string) error {
	r := ctx.Request().Context()
	p := authn.From(r)
	which, err := connectionParam(ctx)
	if err != nil {
		return err
	}
	tenant, err := c.access.Tenant(r, p.Tenant)
	if err != nil {
		return err
	}
	var page connectionPage
	err = c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error {
		found, err := sso.ConnectionByID(r, tx, which)
		if err != nil {
			return err
		}
		page, err = connectionReader{ctx: r, tx: tx, tenant: tenant, viewer: p, connection: found, values: c.signIn.GuideValues(found, "")}.page()
		return err
	})
	if err != nil {
		return err
	}
	page.Problem, page.Owner, page.Mayact = problem, decides(p), c.may(p, rbac.ConnectionsWrite)
	return c.render(ctx, status, page)
}

// connectionReader puts the page of a connection together, in one transaction.
type connectionReader struct {
	ctx        context.Context //nolint:containedctx // lives as long as one call of page
	tx         *db.TenantTx
	tenant     *access.Tenant
	viewer     *authn.Principal
	connection sso.Connection
	values     map[string]string // for hints
	names      roleNames         // that page reads
}

func (r connectionReader) page() (connectionPage, error) {
	c := r.connection
	p := connectionPage{
		ID: c.ID.String(), Name: c.Name, Protocol: protocolName(c.Protocol), Provider: providerName(c), Issuer: c.Issuer,
		State: stateBadge(c.Status), Steps: stepsOf(c.Status), Frozen: someMoment(c.FrozenAt), Settings: settingsOf(c),
		Testers: c.Testers, Legacy: legacyOf(c), Metadata: metadataOf(c), SAML: c.SAML != nil,
	}
	var err error
	if r.names, err = roleNamesOf(r.ctx, r.tx); err != nil {
		return p, err
	}
	p.Groups = slices.Clone(c.GroupRoles)
	for i, g := range p.Groups {
		p.Groups[i].Role = rbac.Role(r.names.of(g.Role))
	}
	for i, s := range p.Settings {
		p.Settings[i].Value = r.names.tell(s.Value)
	}
	for _, read := range []func(*connectionPage) error{r.standing, r.pulse, r.causes, r.attempts, r.domains, r.certificates, r.history} {
		if err := read(&p); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (r connectionReader) attempts(p *connectionPage) error {
	list, err := sso.Attempts(r.ctx, r.tx, sso.AttemptFilter{Connection: r.connection.ID}, id.Attempt{}, shownAttempts)
	for _, a := range list {
		p.Attempts = append(p.Attempts, attemptRowOf(a, r.tx.Now))
	}
	return err
}

// settingsOf are the settings that people ask about.
func settingsOf(c sso.Connection) []testedFact {
	facts := []testedFact{
		{"E-mail", "", c.Claims.EmailClaim()},
		{"Name", "", nameOf(c.Claims)},
		{"Groups", "", or(c.Claims.Groups, "not mapped")},
		{"Joining at the first sign-in", "", joining(c)},
	}
	if s := c.SAML; s != nil {
		return append(facts,
			testedFact{"Started at the provider", "", allowed(s.IdPInitiated)},
			testedFact{"Encrypted assertions", "", allowed(s.Encryption)})
	}
	secret := "none: the provider knows this client without one"
	if c.SecretSet() {
		secret = "stored, recognizable as " + c.SecretHint
	} else if c.TokenAuth != "none" {
		secret = "missing"
	}
	return append(facts, testedFact{"Client ID", "", c.ClientID}, testedFact{"Client secret", "", secret})
}

func nameOf(m sso.ClaimMapping) string {
	if m.Name == "" && (m.FirstName != "" || m.LastName != "") {
		return m.FirstName + " " + m.LastName
	}
	return m.NameClaim()
}

func joining(c sso.Connection) string {
	if !c.JIT {
		return "off: only people who are members already"
	}
	return "on, as " + string(c.DefaultRole)
}

func allowed(on bool) string {
	if on {
		return "accepted"
	}
	return "refused"
}

// legacyOf lists the switches that accept what is weak, with what each of them risks.
func legacyOf(c sso.Connection) []legacyRow {
	if c.SAML == nil {
		return nil
	}
	var rows []legacyRow
	add := func(since *time.Time, name, danger string) {
		if since != nil {
			rows = append(rows, legacyRow{name, danger, momentOf(*since)})
		}
	}
	add(c.SAML.LegacySHA1, "Signatures with SHA-1", "SHA-1 can be forged by whoever pays for it. Choose SHA-256 at the provider, then switch this off.")
	add(c.SAML.LegacyInclusive, "Inclusive canonicalization", "It lets a signature cover less than it seems to. Choose exclusive canonicalization at the provider, then switch this off.")
	add(c.SAML.LegacyResponseOnly, "Assertions that only their response signs", "Sign the assertion itself at the provider, then switch this off.")
	return rows
}

func metadataOf(c sso.Connection) metadataView {
	if c.SAML == nil {
		return metadataView{}
	}
	m := c.SAML.Metadata
	return metadataView{m.URL, or(m.Detail, m.Problem), someMoment(&m.RefreshedAt), someMoment(&m.NextRefresh)}
}

// actOn does something to the connection of the path, and shows its page: again, or with why it was not done.
func (c *Console) actOn(ctx echo.Context, do func(context.Context, *db.SystemTx, *db.TenantTx, id.Connection) error) error {
	r := ctx.Request().Context()
	which, err := connectionParam(ctx)
	if err != nil {
		return err
	}
	err = c.db.Admit(r, authn.From(r).Tenant, func(sys *db.SystemTx, tx *db.TenantTx) error { return do(r, sys, tx, which) })
	if text, status := tellable(err); text != "" {
		return c.drawConnection(ctx, status, text)
	}
	if err != nil {
		return err
	}
	return c.redirect(ctx, "/sso/"+which.String())
}

// connectionParam is the connection of the path. Google belongs to no organization.
func connectionParam(ctx echo.Context) (id.Connection, error) {
	var which id.Connection
	if err := which.UnmarshalText([]byte(ctx.Param("connection"))); err != nil || which.IsZero() || which == id.Google {
		return which, errs.NotFound("connection")
	}
	return which, nil
}

// decides says that somebody is an owner, who alone begins and ends the requirement.
func decides(p *authn.Principal) bool {
	return p.Kind == authn.Member && rbac.Role(p.Role) == rbac.Owner
}
