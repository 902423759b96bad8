package console

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/guide"
)

// detailsPage asks for what the provider gave: metadata in one of three ways, or issuer and client.
type detailsPage struct {
	Walk     walk
	Problems problems
	Bring    []guideItem
	Name     field
	SAML     bool
	Saved    bool
	Version  int64 // of the connection as the form has it

	// How SAML metadata comes: by address, as a document, by hand; or what is stored stays.
	Source       string
	Stored       string // entity ID of the provider that is stored
	MetadataURL  field
	Metadata     field
	File         field
	EntityID     field
	SSOURL       field
	SLOURL       field
	Certificates field
	Choices      []entityChoice

	Issuer       field
	ClientID     field
	ClientSecret field
	Public       bool
	SecretSet    bool
	Moved        bool // the provider's endpoints have changed, which somebody has to accept
}

// entityChoice is one of the providers that metadata describes.
type entityChoice struct {
	ID, EntityID string
	Chosen       bool
}

// The ways in which metadata comes.
const (
	byAddress  = "address"
	byDocument = "document"
	byHand     = "hand"
	asStored   = "stored"
)

func (p detailsPage) frame() frame {
	return frame{
		file: "setup-details", title: "What " + p.Walk.Provider + " gave you", signedIn: !p.Walk.Outside, here: "setup", leaves: p.Walk.Stale || p.Saved,
	}
}

func (c *Console) askPlanDetails(ctx echo.Context, v viewer) error {
	j, _, err := c.planOf(ctx, v)
	if err != nil {
		return err
	}
	if !j.connection.ID.IsZero() {
		return c.redirect(ctx, setupRoot+j.path(atDetails))
	}
	return c.drawDetails(ctx, v, j, typedDetails{name: firstName(j.guide), source: firstSource(j.guide)}, nil)
}

func (c *Console) askDetails(ctx echo.Context, v viewer) error {
	j, err := c.journeyOf(ctx, v)
	if err != nil {
		return err
	}
	return c.drawDetails(ctx, v, j, detailsOf(j.connection), nil)
}

// firstName is what a connection is called before anybody names it: as people know the provider.
func firstName(g guide.Guide) string {
	if g.Name == anotherProvider {
		return "Company sign-in"
	}
	return g.Name
}

// createConnection makes the connection that a plan has reserved. A second post of the same form finds it made.
func (c *Console) createConnection(ctx echo.Context, v viewer) error {
	j, reserved, err := c.planOf(ctx, v)
	if err != nil {
		return err
	}
	if !j.connection.ID.IsZero() {
		return c.redirect(ctx, setupRoot+j.path(atMapping))
	}
	typed, err := readDetails(ctx)
	if err != nil {
		return err
	}
	d := sso.Draft{Protocol: reserved.Protocol, Preset: reserved.Preset, Reservation: reserved, JIT: true, DefaultRole: rbac.Member}
	d.Claims = presetClaims(j.guide)
	if d.Protocol == sso.ProtocolSAML {
		d.SAML = &sso.SAMLDraft{}
	}
	typed.onto(&d)
	r := ctx.Request().Context()
	prepared, err := c.signIn.Prepare(r, d)
	if err == nil {
		err = c.db.Admit(r, v.principal.Tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
			j.connection, err = c.signIn.Create(r, sys, tx, prepared)
			return err
		})
	}
	if err != nil {
		j.connection = sso.Connection{}
		return c.drawDetails(ctx, v, j, typed, err)
	}
	if loadsMetadata(j.guide) { // which answers from now on
		return c.redirect(ctx, setupRoot+j.path(atGuide))
	}
	return c.redirect(ctx, setupRoot+j.path(atMapping))
}

func (c *Console) updateDetails(ctx echo.Context, v viewer) error {
	j, err := c.journeyOf(ctx, v)
	if err != nil {
		return err
	}
	typed, err := readDetails(ctx)
	if err != nil {
		return err
	}
	if typed.again != "" {
		return c.drawDetails(ctx, v, j, typed, nil)
	}
	d, err := j.draft(typed.version)
	if err != nil {
		return c.drawDetails(ctx, v, j, typed, err)
	}
	typed.onto(&d)
	if typed.tries {
		to, err := c.try(ctx, v, j.connection, d, typed.retyped())
		if err != nil {
			return c.drawDetails(ctx, v, j, typed, err)
		}
		return c.depart(ctx, to)
	}
	if err := c.update(ctx, v, j.connection, d); err != nil {
		return c.drawDetails(ctx, v, j, typed, err)
	}
	return c.redirect(ctx, setupRoot+j.path(atMapping))
}

// update asks the provider about a draft and saves it.
func (c *Console) update(ctx echo.Context, v viewer, of sso.Connection, d sso.Draft) error {
	r := ctx.Request().Context()
	prepared, err := c.signIn.Prepare(r, d)
	if err != nil {
		return err
	}
	return c.db.Tenant(r, v.principal.Tenant, func(tx *db.TenantTx) error {
		_, err := c.signIn.Update(r, tx, of.ID, prepared)
		return err
	})
}

// drawDetails draws the form as it was typed, with what is wrong with it, or as it is stored if that is another version. What is no fault of
// the form is returned.
func (c *Console) drawDetails(ctx echo.Context, v viewer, j journey, typed typedDetails, refusal error) (err error) {
	status, wrong := http.StatusOK, problems{}
	switch {
	case outdated(refusal):
		if j, err = c.journeyOf(ctx, v); err != nil {
			return err
		}
		typed = detailsOf(j.connection)
		status, wrong = outdatedForm()
	case refusal != nil:
		var ok bool
		if wrong, status, ok = problemsOf(refusal, typed.fieldOf); !ok {
			return refusal
		}
	}
	w := c.walkOf(v, j, atDetails)
	if typed.again == againSecret {
		wrong = problems{Heading: "Type the client secret again", List: []problem{{"client_secret", "It was tried, and is not kept."}}}
	}
	p := typed.page(j, wrong)
	p.Walk = w
	e := errs.As(refusal)
	p.Walk.Stale = w.Stale || asksAgain(refusal)
	p.Moved = refusal != nil && e.Code == "endpoints_changed"
	if choices, ok := e.Extra["choices"].([]string); refusal != nil && ok {
		p.Choices = choicesOf(choices, typed.entity)
	}
	return c.render(ctx, status, p)
}

// loadsMetadata says that a field of the provider's wants the address of our metadata.
func loadsMetadata(g guide.Guide) bool {
	for _, s := range g.Steps {
		for _, f := range s.Fields {
			if len(f.Value) == 1 && f.Value[0].Placeholder == guide.MetadataURL {
				return true
			}
		}
	}
	return false
}

// presetClaims is the mapping that a guide leads to.
func presetClaims(g guide.Guide) sso.ClaimMapping {
	m := sso.ClaimMapping{Email: g.Preset.Email, Name: g.Preset.Name, Groups: g.Preset.Groups}
	if m.Name == "" {
		m.FirstName, m.LastName = g.Preset.FirstName, g.Preset.LastName
	}
	return m
}
