package console

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/guide"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// attemptPage is one sign-in attempt, from its first redirect on: what happened, why it ended there, and whose turn it is.
type attemptPage struct {
	ID, Trace        string
	Connection, Name string // id and name; no id if it is not the tenant's own or is gone
	Outcome          badge
	Heading          string
	Sentence         string

	Diagnosis diagnosis
	Stages    []stageRow
	Failed    []testedCheck // the checks, in their order
	Passed    []testedCheck
	Facts     []testedFact
	At        moment

	Claims    []sso.Claim
	Encrypted bool
	Kind      string // of the document that is kept
	Owner     bool
}

// diagnosis is why an attempt was refused, and what can be done.
type diagnosis struct {
	Code, Check   string
	Expected, Got string
	Told          string // to the person
	Fixer, Hint   string
	Provider      string
	ProviderHint  guide.Text
}

// stageRow is one step of a sign-in. State is done, failed or ahead.
type stageRow struct {
	Name, Text, State string
	At                moment
}

func (attemptPage) frame() frame {
	return frame{file: "attempt", title: "Sign-in attempt", signedIn: true, here: "sso"}
}

func attemptParam(ctx echo.Context) (id.Attempt, error) {
	var which id.Attempt
	if err := which.UnmarshalText([]byte(ctx.Param("attempt"))); err != nil || which.IsZero() {
		return which, errs.NotFound("sign-in attempt")
	}
	return which, nil
}

func (c *Console) showAttempt(ctx echo.Context) error {
	which, err := attemptParam(ctx)
	if err != nil {
		return err
	}
	r := ctx.Request().Context()
	p := authn.From(r)
	var page attemptPage
	err = c.db.Tenant(r, p.Tenant, func(tx *db.TenantTx) error {
		a, err := sso.AttemptByID(r, tx, which)
		if err != nil {
			return err
		}
		connection, err := sso.ConnectionByID(r, tx, a.ConnectionID)
		if err != nil && errs.As(err).Kind != errs.Missing {
			return err
		}
		page = attemptPageOf(a, connection, c.signIn.GuideValues(connection, ""), tx.Now)
		said, err := c.signIn.Disclose(r, tx, which)
		if err != nil {
			return err
		}
		page.Claims, page.Encrypted, page.Kind = said.Claims, said.Encrypted, documentName(said.Kind)
		return page.recognize(r, tx, a)
	})
	if err != nil {
		return err
	}
	page.Owner = decides(p)
	return c.render(ctx, http.StatusOK, page)
}

func attemptPageOf(a sso.Record, c sso.Connection, values map[string]string, now time.Time) attemptPage {
	p := attemptPage{
		ID: a.ID.String(), Trace: a.RequestID, Name: c.Name, Outcome: outcomeBadge(a, now), Stages: stagesOf(a), At: momentOf(a.CreatedAt),
		Facts: []testedFact{
			{"Person", "", or(a.Email, "not known: the sign-in did not come that far")},
			{"What for", "", purposeName(a.Purpose)},
			{"Started", "", sourceName(a.Source)},
			{"From", "", or(a.Address, "not known")},
			{"Browser", "", deviceOf(a.UserAgent)},
		},
	}
	if !c.ID.IsZero() {
		p.Connection = c.ID.String()
	}
	if a.Subject != "" {
		p.Facts = slices.Insert(p.Facts, 1, testedFact{"Subject", "", a.Subject})
	}
	p.Failed, p.Passed = checksOf(a.Checks)
	p.Heading, p.Sentence = headingOf(a, now)
	if a.Reason != "" {
		p.Diagnosis = diagnose(a, c, values)
	}
	return p
}

func headingOf(a sso.Record, now time.Time) (heading, text string) {
	what := purposeName(a.Purpose)
	switch {
	case a.Outcome == sso.Refused:
		return what + " refused", "Because " + a.Reason.Because() + "."
	case a.Outcome == sso.Succeeded && a.Purpose == sso.ForTest:
		return what + " passed", "Nobody was let in, and nothing was changed."
	case a.Outcome == sso.Succeeded:
		return what + " succeeded", "Every check passed."
	case now.After(a.ExpiresAt):
		return what + " never came back", "The person was sent to the provider and did not return within ten minutes. They may have given up there, or the provider refused them on a page of its own."
	default:
		return what + " under way", "The person is at the provider now."
	}
}

func diagnose(a sso.Record, c sso.Connection, values map[string]string) diagnosis {
	e := a.Reason.Explain()
	d := diagnosis{
		Code: string(a.Reason), Expected: a.Expected, Got: a.Got, Told: e.Text, Fixer: fixerName(a.Reason.Fixer()), Hint: e.Hint,
		Provider: yours(providerName(c)), ProviderHint: providerHint(c, a.Reason, values),
	}
	for _, check := range a.Checks {
		if !check.OK {
			d.Check = labelOf(check.Name)
			break
		}
	}
	return d
}

// stagesOf draws how far an attempt came.
func stagesOf(a sso.Record) []stageRow {
	rows := []stageRow{
		{Name: "Sent to the provider", Text: "The browser left with a signed-off request.", At: momentOf(a.CreatedAt)},
		{Name: "Came back", Text: "The browser returned with the provider's answer.", At: someMoment(a.ConsumedAt)},
		{Name: "Answer verified", Text: "The answer was shown to come from the provider."},
		{Name: "Let in", Text: "The rules of the organization let the person in.", At: moment{}},
	}
	if a.Source == sso.FromIdP {
		rows[0] = stageRow{Name: "Started at the provider", Text: "The provider sent an answer that nobody here had asked for.", At: momentOf(a.CreatedAt)}
	} else {
		rows[0].Text = "The browser left for the provider with our request."
	}
	if a.Purpose == sso.ForTest {
		rows[3] = stageRow{Name: "Rehearsed", Text: "The rules of the organization would let the person in. Nothing was changed."}
	}
	if a.Outcome != sso.Pending {
		rows[3].At = someMoment(a.FinishedAt)
	}
	reached := map[sso.Stage]int{sso.Redirected: 0, sso.Returned: 1, sso.Exchanged: 2, sso.Verified: 2, sso.Finished: 3}[a.Stage]
	for i := range rows {
		switch {
		case i <= reached:
			rows[i].State = "done"
		case i == reached+1 && a.Outcome == sso.Refused:
			rows[i].State, rows[i].At = "failed", someMoment(a.FinishedAt)
			rows[i].Text = "Stopped here, because " + a.Reason.Because() + "."
		default:
			rows[i].State, rows[i].At = "ahead", moment{}
			rows[i].Text = "Not reached."
		}
	}
	return rows
}

// recognize adds who came in with the same browser before, where the provider did not say who it is about.
func (p *attemptPage) recognize(ctx context.Context, tx *db.TenantTx, a sso.Record) error {
	if a.Email != "" || a.KnownMemberID.IsZero() {
		return nil
	}
	m, err := tenants.Member(ctx, tx, a.KnownMemberID)
	if err != nil && errs.As(err).Kind == errs.Missing {
		return nil
	}
	if err == nil {
		p.Facts = slices.Insert(p.Facts, 1, testedFact{"Probably", "", strings.TrimSpace(m.Name+" "+m.Email) + ", who came in with this browser before"})
	}
	return err
}

func documentName(kind string) string {
	switch kind {
	case "saml_response":
		return "SAML response"
	case "id_token":
		return "ID token"
	default:
		return kind
	}
}
