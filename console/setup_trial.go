package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/guide"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// trialsPage tries the connection: by tests, which change nothing, and by named people, who really sign in.
type trialsPage struct {
	Walk     walk
	Problems problems
	Trials   []trialRow
	Testers  field
	Draft    bool   // not open to its testers yet
	Open     bool   // to everybody, so that testers make no difference
	Save     string // where the form with the testers goes
	Next     string
}

// trialRow is one test that was made.
type trialRow struct {
	At       moment
	Who      string
	Passed   bool
	Pending  bool
	Code     string
	Sentence string
	Fix      guide.Text
	Fixer    string
}

const (
	shownTrials = 5
	maxTesters  = 50
)

// A test leaves for the provider, wherever it is.
func (p trialsPage) frame() frame {
	return frame{file: "setup-test", title: "Test the connection", signedIn: !p.Walk.Outside, here: "setup", leaves: true}
}

func (c *Console) showTrials(ctx echo.Context, v viewer) error {
	j, err := c.journeyOf(ctx, v)
	if err != nil {
		return err
	}
	return c.drawTrials(ctx, v, j, strings.Join(j.connection.Testers, "\n"), nil)
}

// startTrial goes to the provider and back to the page of what was found.
func (c *Console) startTrial(ctx echo.Context, v viewer) error {
	which, err := v.connectionOf(ctx)
	if err != nil {
		return err
	}
	to, err := c.signIn.BeginTest(ctx.Request().Context(), v.principal, which, nil)
	if err != nil {
		return err
	}
	return c.depart(ctx, to)
}

// saveTesters names the testers and, where that is asked for, opens a draft to them.
func (c *Console) saveTesters(ctx echo.Context, v viewer) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	j, err := c.journeyOf(ctx, v)
	if err != nil {
		return err
	}
	typed := form.Get("testers")
	d := j.connection.Draft()
	if d.Testers, err = testersOf(typed); err == nil {
		err = c.update(ctx, v, j.connection, d)
	}
	if err == nil && form.Has("open") {
		err = c.move(ctx, v, j.connection.ID, sso.Testing)
	}
	if err != nil {
		return c.drawTrials(ctx, v, j, typed, err)
	}
	return c.redirect(ctx, setupRoot+j.path(atTest))
}

// testersOf reads addresses, between which anything may stand that people put there.
func testersOf(typed string) ([]string, error) {
	list := []string{}
	for _, word := range strings.FieldsFunc(typed, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;<>", r) }) {
		email, err := tenants.ParseEmail(word)
		if err != nil {
			return nil, errs.InvalidField("testers", "One of these is no address: "+word)
		}
		if !slices.Contains(list, email.Address) {
			list = append(list, email.Address)
		}
	}
	if len(list) > maxTesters {
		return nil, errs.InvalidField("testers", "Name at most fifty people.")
	}
	return list, nil
}

func (c *Console) drawTrials(ctx echo.Context, v viewer, j journey, typed string, refusal error) error {
	status, wrong := http.StatusOK, problems{}
	if refusal != nil {
		var ok bool
		if wrong, status, ok = problemsOf(refusal, func(name string) string { return map[string]string{"testers": "testers"}[name] }); !ok {
			return refusal
		}
	}
	r := ctx.Request().Context()
	w := c.walkOf(v, j, atTest)
	w.Stale = w.Stale || asksAgain(refusal)
	p := trialsPage{
		Walk: w, Problems: wrong, Next: w.Root + j.path(atActivate), Save: w.Root + "/" + j.connection.ID.String() + "/testers", Draft: j.connection.Status == sso.Drafted,
		Open: j.connection.Status.Everybody(), Testers: field{
			ID: "testers", Label: "Testers", Value: typed, Problem: wrong.of("testers"), Optional: true,
			Hint: "One address a line. While the connection is in testing, only they sign in through it; everybody else signs in as before.",
		},
	}
	var list []sso.Record
	err := c.db.Tenant(r, v.principal.Tenant, func(tx *db.TenantTx) (err error) {
		list, err = sso.Attempts(r, tx, sso.AttemptFilter{Connection: j.connection.ID, Source: sso.FromTest}, id.Attempt{}, maxTesters)
		return err
	})
	for _, a := range list {
		if len(p.Trials) < shownTrials && (!v.outside() || a.SetupLinkID == v.principal.SetupLink) { // others' tests name members
			if v.outside() {
				a = veiledTrial(a)
			}
			p.Trials = append(p.Trials, c.trialRowOf(a, j))
		}
	}
	if err != nil {
		return err
	}
	return c.render(ctx, status, p)
}

// veiledTrial leaves out what a test was refused for after the provider's answer was accepted: that tells who is a member.
func veiledTrial(a sso.Record) sso.Record {
	if a.Outcome == sso.Refused && a.Stage == sso.Verified {
		a.Outcome, a.Reason = sso.Succeeded, ""
	}
	return a
}

func (c *Console) trialRowOf(a sso.Record, j journey) trialRow {
	t := trialRow{At: momentOf(a.CreatedAt), Who: or(a.Email, a.Subject), Passed: a.Outcome == sso.Succeeded, Pending: a.Outcome == sso.Pending}
	switch {
	case a.Reason != "":
		t.Code, t.Sentence, t.Fixer = string(a.Reason), a.Reason.Explain().Text, fixerName(a.Reason.Fixer())
		if fix, ok := guide.HintFor(j.connection.Preset, j.connection.Protocol, string(a.Reason)); ok {
			t.Fix = fix.Fill(c.signIn.GuideValues(j.connection, ""))
		}
	case t.Pending:
		t.Sentence = "Nobody has come back from the provider. If you saw an error there, the instructions say what it means."
	default:
		t.Sentence = "The provider's answer was accepted."
	}
	if a.Candidate() {
		t.Sentence += " The settings were only tried, and not saved."
	}
	return t
}
