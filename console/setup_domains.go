package console

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// domainsPage shows the tenant's domains, how each is proven, and what the DNS said last.
type domainsPage struct {
	Walk     walk
	Problems problems
	Domains  []domainCard
	Proven   bool // at least one is
	MayAdd   bool
	New      field
	Next     string
}

type domainCard struct {
	ID, Name string
	Status   string
	Verified bool
	Failed   bool
	Operator bool // rests on the operator's word, which nobody checks
	Record   copyValue
	Text     copyValue
	Finding  string
	Checked  moment
	Deadline string // what happens when, in words; "" for nothing
	Until    moment
}

func (p domainsPage) frame() frame {
	return frame{file: "setup-domains", title: "Prove your domains", signedIn: !p.Walk.Outside, here: "setup", script: "copy.js"}
}

func (c *Console) showDomains(ctx echo.Context, v viewer) error {
	return c.drawDomains(ctx, v, "", nil)
}

func (c *Console) addDomain(ctx echo.Context, v viewer) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	j, err := c.journeyOf(ctx, v)
	if err != nil {
		return err
	}
	r := ctx.Request().Context()
	name := form.Get("domain")
	err = c.db.Tenant(r, v.principal.Tenant, func(tx *db.TenantTx) error {
		_, err := tenants.AddDomain(r, tx, name)
		return err
	})
	if err != nil {
		return c.drawDomains(ctx, v, name, err)
	}
	return c.redirect(ctx, setupRoot+j.path(atDomains))
}

// checkDomain looks for the record now. What it finds stands beside the domain then.
func (c *Console) checkDomain(ctx echo.Context, v viewer) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	j, err := c.journeyOf(ctx, v)
	if err != nil {
		return err
	}
	var which id.Domain
	if err := which.UnmarshalText([]byte(form.Get("id"))); err != nil || which.IsZero() {
		return errs.NotFound("domain")
	}
	r := ctx.Request().Context()
	seen, err := c.prover.Look(r, v.principal.Tenant, which)
	if err == nil {
		err = c.db.Admit(r, v.principal.Tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
			_, err := c.prover.Settle(r, sys, tx, seen)
			return err
		})
	}
	if err != nil {
		return c.drawDomains(ctx, v, "", err)
	}
	return c.redirect(ctx, setupRoot+j.path(atDomains))
}

func (c *Console) drawDomains(ctx echo.Context, v viewer, typed string, refusal error) error {
	status, wrong := http.StatusOK, problems{}
	if refusal != nil {
		var ok bool
		if wrong, status, ok = problemsOf(refusal, func(string) string { return "domain" }); !ok {
			return refusal
		}
		wrong.Heading = "The domain is not proven"
	}
	j, err := c.journeyOf(ctx, v)
	if err != nil {
		return err
	}
	r := ctx.Request().Context()
	w := c.walkOf(v, j, atDomains)
	p := domainsPage{
		Walk: w, Problems: wrong, Next: w.Root + j.path(atTest), MayAdd: c.mayAlso(v, rbac.DomainsWrite),
		New: field{
			ID: "domain", Label: "Domain", Type: "text", Value: typed, Problem: wrong.of("domain"),
			Hint: "Exactly what stands after the @, such as company.com. A sub-domain is another domain.",
		},
	}
	var list []tenants.Domain
	err = c.db.Tenant(r, v.principal.Tenant, func(tx *db.TenantTx) (err error) {
		list, err = tenants.Domains(r, tx)
		return err
	})
	for _, d := range list {
		p.Domains = append(p.Domains, domainCardOf(d))
		p.Proven = p.Proven || d.Status == tenants.DomainVerified
	}
	if err != nil {
		return err
	}
	return c.render(ctx, status, p)
}

func domainCardOf(d tenants.Domain) domainCard {
	record := d.Challenge()
	card := domainCard{
		ID: d.ID.String(), Name: d.Domain, Verified: d.Status == tenants.DomainVerified, Failed: d.Status == tenants.DomainFailed,
		Operator: d.VerifiedBy == tenants.VerifiedByOperator,
		Record:   copyValue{"record-" + d.ID.String(), "Name of the TXT record for " + d.Domain, record.Name},
		Text:     copyValue{"text-" + d.ID.String(), "Value of the TXT record for " + d.Domain, record.Value},
		Finding:  findingName(d),
	}
	if d.CheckedAt != nil {
		card.Checked = momentOf(*d.CheckedAt)
	}
	switch {
	case card.Verified && d.LostAt != nil:
		card.Status = "Record lost"
		card.deadline("It is proven no more after", d.LapsesAt())
	case card.Verified:
		card.Status = "Proven"
	case card.Failed:
		card.Status = "Not found"
	default:
		card.Status = "Waiting"
		card.deadline("We look by ourselves until", d.GivesUpAt())
	}
	return card
}

func (d *domainCard) deadline(what string, at *time.Time) {
	if at != nil {
		d.Deadline, d.Until = what, momentOf(*at)
	}
}

// findingName is what the DNS said last, and what to do about it.
func findingName(d tenants.Domain) string {
	switch d.Finding {
	case tenants.FindingFound:
		return "The record is there."
	case tenants.FindingMissing:
		return "There is no TXT record at this name. It may take some minutes to appear after you have set it."
	case tenants.FindingMismatch:
		return "There is a TXT record at this name, but with another value. Copy the value again, as one text."
	case tenants.FindingAlias:
		return "This name is an alias (CNAME). Take the alias away: the record must stand at the name itself."
	case tenants.FindingUnreachable:
		return "The DNS of this domain did not answer. Try again in some minutes."
	case tenants.FindingUnavailable:
		return "The record is there, but this domain belongs to another organization here. Ask the operator."
	default:
		return ""
	}
}
