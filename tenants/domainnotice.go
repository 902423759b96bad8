package tenants

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/jobs"
	"github.com/seed-2a059015/gatehouse/internal/mail"
)

// tell mails the owners what takes their people's sign-in away, or is about to. Other events need no mail.
func (p Prover) tell(ctx context.Context, tx *db.TenantTx, happened events.Type, d Domain) error {
	t, err := current(ctx, tx)
	if err != nil {
		return err
	}
	letter, worth := letterOf(happened, d, mail.Name(t.Name), actor(ctx))
	if !worth {
		return nil
	}
	owners, err := db.Of[Membership](tx.DB).Where("role = 'owner' AND status = 'active'").Order("id").Limit(50).Find(ctx)
	if err != nil {
		return fmt.Errorf("list owners: %w", err)
	}
	for _, o := range owners {
		m, err := letter.Message(o.Email)
		if err != nil {
			return err
		}
		if err := jobs.EnqueueMail(ctx, tx, p.Keyring, "domain_notice", m); err != nil {
			return err
		}
	}
	return nil
}

// letterOf writes the mail about an event. A domain needs no mail.Name: it went through [ParseDomain].
func letterOf(happened events.Type, d Domain, tenant, by string) (l mail.Letter, worth bool) {
	const note = "You get this message because you are an owner."
	c := d.Challenge()
	record := "The record is of type TXT, at " + c.Name + ", with the value " + c.Value + "."
	switch happened { //nolint:exhaustive // the others are not worth a mail
	case events.DomainLost:
		return mail.Letter{
			Subject: "The proof of " + d.Domain + " is gone",
			Paragraphs: []string{
				"The DNS record which shows that " + d.Domain + " belongs to " + tenant + " was not there when we looked.",
				"Set it again before " + d.LapsesAt().Format(time.RFC1123) + ". After that, people with addresses at " + d.Domain +
					" are no longer sent to the sign-in of " + tenant + ", nobody joins with such an address, and somebody else may claim the domain.",
				record,
			},
			Note: note,
		}, true
	case events.DomainUnverified:
		return mail.Letter{
			Subject: d.Domain + " is no longer verified",
			Paragraphs: []string{
				"The DNS record which shows that " + d.Domain + " belongs to " + tenant + " was gone for a week.",
				"People with addresses at " + d.Domain + " are not sent to the sign-in of " + tenant +
					" any more. Nobody has lost their membership. Set the record again and check the domain to go on.",
				record,
			},
			Note: note,
		}, true
	case events.DomainRemoved:
		return mail.Letter{
			Subject: d.Domain + " was removed",
			Paragraphs: []string{
				"The verified domain " + d.Domain + " was removed from " + tenant + " by " + by + ".",
				"People with addresses there are not sent to the sign-in of " + tenant + " any more, and somebody else may claim the domain.",
			},
			Note: note + " If you did not expect this, add the domain again and verify it.",
		}, true
	}
	return mail.Letter{}, false
}

// actor names the caller for people.
func actor(ctx context.Context) string {
	switch p := authn.From(ctx); p.Kind {
	case authn.Member:
		return mail.Name(p.Email)
	case authn.APIKey:
		return "the API key " + mail.Name(p.Name)
	case authn.Setup:
		return "somebody with a set-up link"
	case authn.Operator, authn.System, authn.Anonymous:
	}
	return "the operator of this installation"
}
