package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
)

// attemptsPage lists sign-in attempts: of one connection, or of all.
type attemptsPage struct {
	Connection string // its id; "" for all
	Name       string
	Outcomes   []option
	Sinces     []option
	Reason     string
	Trace      string
	Rows       []attemptRow
	Older      string // the address of the next page
	Connected  bool   // rows name their connection
}

// option is one choice of a filter.
type option struct {
	Value, Label string
	Chosen       bool
}

// attemptRow is one sign-in attempt.
type attemptRow struct {
	ID         string
	At         moment
	Who        string
	Outcome    badge
	Cause      string
	Code       string
	Source     string
	Connection string
	Trace      string
}

func (p attemptsPage) frame() frame {
	return frame{file: "attempts", title: "Sign-in attempts", signedIn: true, here: "sso"}
}

const attemptsAPage = 50

func attemptRowOf(r sso.Record, now time.Time) attemptRow {
	row := attemptRow{
		ID: r.ID.String(), At: momentOf(r.CreatedAt), Who: or(r.Email, or(r.Subject, "Not known")), Outcome: outcomeBadge(r, now),
		Source: sourceName(r.Source), Trace: r.RequestID,
	}
	if r.Reason != "" {
		row.Cause, row.Code = sentence(r.Reason.Because()), string(r.Reason)
	}
	return row
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// listAttempts answers for one connection.
func (c *Console) listAttempts(ctx echo.Context) error {
	which, err := connectionParam(ctx)
	if err != nil {
		return err
	}
	return c.drawAttempts(ctx, which)
}

// findAttempts answers for all connections. A trace id that leads to one attempt leads there at once.
func (c *Console) findAttempts(ctx echo.Context) error { return c.drawAttempts(ctx, id.Connection{}) }

func (c *Console) drawAttempts(ctx echo.Context, which id.Connection) error {
	r := ctx.Request().Context()
	query := ctx.QueryParams()
	page := attemptsPage{
		Outcomes: chosen(outcomes(), query.Get("outcome")), Sinces: chosen(sinces(), query.Get("since")), Reason: query.Get("reason"),
		Trace: strings.TrimSpace(query.Get("trace")), Connected: which.IsZero(),
	}
	var before id.Attempt
	if cursor := query.Get("before"); cursor != "" && before.UnmarshalText([]byte(cursor)) != nil {
		return errs.NotFound("page")
	}
	var found []sso.Record
	err := c.db.Tenant(r, authn.From(r).Tenant, func(tx *db.TenantTx) (err error) {
		names, err := connectionNames(r, tx)
		if err != nil {
			return err
		}
		if !which.IsZero() {
			if _, known := names[which]; !known {
				return errs.NotFound("connection")
			}
			page.Connection, page.Name = which.String(), names[which]
		}
		if found, err = sso.Attempts(r, tx, page.filter(which, tx.Now), before, attemptsAPage+1); err != nil {
			return err
		}
		for _, a := range found[:min(len(found), attemptsAPage)] {
			row := attemptRowOf(a, tx.Now)
			row.Connection = names[a.ConnectionID]
			page.Rows = append(page.Rows, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if page.Trace != "" && len(found) == 1 {
		return c.redirect(ctx, "/sso/attempts/"+found[0].ID.String())
	}
	if len(found) > attemptsAPage {
		page.Older = older(query, found[attemptsAPage-1].ID)
	}
	return c.render(ctx, http.StatusOK, page)
}

// filter of the page. A trace id is looked for everywhere: who has one has nothing else.
func (p attemptsPage) filter(which id.Connection, now time.Time) sso.AttemptFilter {
	if p.Trace != "" {
		return sso.AttemptFilter{Connection: which, Trace: p.Trace}
	}
	f := sso.AttemptFilter{Connection: which, Reason: sso.Reason(p.Reason)}
	switch value(p.Outcomes) {
	case "test":
		f.Source = sso.FromTest
	case "refused", "succeeded", "pending":
		f.Outcome = sso.Outcome(value(p.Outcomes))
	}
	if back, known := map[string]time.Duration{"1h": time.Hour, "24h": 24 * time.Hour, "7d": 7 * 24 * time.Hour}[value(p.Sinces)]; known {
		f.Since = now.Add(-back)
	}
	return f
}

func outcomes() []option {
	return []option{
		{Value: "", Label: "All"},
		{Value: "refused", Label: "Refused"},
		{Value: "succeeded", Label: "Signed in"},
		{Value: "pending", Label: "Not finished"},
		{Value: "test", Label: "Tests"},
	}
}

func sinces() []option {
	return []option{
		{Value: "", Label: "The last 30 days"}, {Value: "7d", Label: "The last 7 days"}, {Value: "24h", Label: "The last 24 hours"}, {Value: "1h", Label: "The last hour"},
	}
}

// chosen marks a choice; the first one for a value that is none.
func chosen(list []option, value string) []option {
	list[max(0, slices.IndexFunc(list, func(o option) bool { return o.Value == value }))].Chosen = true
	return list
}

func value(list []option) string {
	for _, o := range list {
		if o.Chosen {
			return o.Value
		}
	}
	return ""
}

// older is the query of the page after the one that ends with an attempt.
func older(query url.Values, last id.Attempt) string {
	next := url.Values{"before": {last.String()}}
	for _, name := range []string{"outcome", "since", "reason"} {
		if v := query.Get(name); v != "" {
			next.Set(name, v)
		}
	}
	return "?" + next.Encode()
}
