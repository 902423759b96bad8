package api

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

type usageReportIn struct {
	Meter   string     `query:"meter" json:"-" doc:"A meter of the catalog"`
	From    time.Time  `query:"from" json:"-" doc:"Not before this time (RFC 3339); the first of this month if it is left out. It is moved back to a full hour for the step hour, else to the day's beginning"`
	To      time.Time  `query:"to" json:"-" doc:"Before this time, moved on likewise; now if it is left out"`
	Step    usage.Step `query:"step" json:"-" doc:"hour, day or month, in UTC; one row for the whole range if it is left out"`
	GroupBy string     `query:"group_by" json:"-" doc:"Some of user, api_key, feature, model, route, role, directory_group, currency and subject, parted by commas"`
	Top     int        `query:"top" json:"-" doc:"Only so many groups: those that used most in the whole range"`
}

type usageReportOut struct {
	Meter       string              `json:"meter"`
	Unit        string              `json:"unit,omitzero"`
	Aggregation billing.Aggregation `json:"aggregation" enum:"sum,count,max,unique"`
	From        time.Time           `json:"from"`
	To          time.Time           `json:"to"`
	Rows        []usageRowOut       `json:"rows" doc:"By time, and within a step by value, largest first"`

	query usage.Query // what was asked
	rows  []usage.Row
}

// WriteCSV implements web.Tabular.
func (out usageReportOut) WriteCSV(w io.Writer) error { return usage.WriteCSV(w, out.query, out.rows) }

// WriteParquet implements web.Tabular.
func (out usageReportOut) WriteParquet(w io.Writer) error {
	return usage.WriteParquet(w, out.query, out.rows)
}

type usageRowOut struct {
	StartsAt *time.Time `json:"starts_at,omitzero" doc:"When the step begins"`
	User     id.User    `json:"user,omitzero"`
	APIKey   id.Key     `json:"api_key,omitzero"`
	Feature  string     `json:"feature,omitzero"`
	Model    string     `json:"model,omitzero"`
	Route    string     `json:"route,omitzero"`
	Role     string     `json:"role,omitzero"`
	Subject  string     `json:"subject,omitzero"`
	Group    string     `json:"directory_group,omitzero" doc:"Of the identity provider, as of the last sign-in. Who is in two groups counts in both"`
	Value    int64      `json:"value" doc:"By the meter's aggregation"`
	Events   int64      `json:"events"`

	InputTokens  int64 `json:"input_tokens,omitzero"`
	OutputTokens int64 `json:"output_tokens,omitzero"`
	CachedTokens int64 `json:"cached_tokens,omitzero"`

	Cost     int64  `json:"cost,omitzero" doc:"In billionths of the currency's unit; left out where there are several currencies, by which a report can be grouped"`
	Currency string `json:"currency,omitzero"`
}

func usageRowOf(r usage.Row) usageRowOut {
	out := usageRowOut{
		nil, r.UserID, r.KeyID, r.Feature, r.Model, r.Route, r.Role, r.Subject, r.Group, r.Value, r.Events, r.InputTokens, r.OutputTokens, r.CachedTokens,
		r.Cost, r.Currency,
	}
	if !r.StartsAt.IsZero() {
		at := r.StartsAt.UTC()
		out.StartsAt = &at
	}
	return out
}

// meterOf looks a meter up before there is a transaction: what is not in memory is read in one of its own.
func (a *API) meterOf(ctx context.Context, in usageReportIn) (billing.Meter, error) {
	m, known, err := a.Access.Meter(ctx, authn.From(ctx).Tenant, in.Meter)
	if err == nil && !known {
		err = errs.InvalidField("meter", "The catalog has no meter of this name.")
	}
	return m, err
}

// reportUsage is exact at the moment that it is asked, of what was acknowledged before.
func (a *API) reportUsage(ctx context.Context, tx *db.TenantTx, in usageReportIn, meter billing.Meter) (usageReportOut, error) {
	q := usage.Query{Meter: in.Meter, Aggregation: meter.Aggregation, From: in.From, To: in.To, Step: in.Step, Top: in.Top}
	if q.To.IsZero() {
		q.To = tx.Now
	}
	if q.From.IsZero() {
		now := tx.Now.UTC()
		q.From = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	if in.GroupBy != "" {
		for name := range strings.SplitSeq(in.GroupBy, ",") {
			q.GroupBy = append(q.GroupBy, usage.Dimension(name))
		}
	}
	rows, err := usage.Report(ctx, tx, q)
	if err != nil {
		return usageReportOut{}, err
	}
	out := usageReportOut{Meter: in.Meter, Unit: meter.Unit, Aggregation: meter.Aggregation, Rows: make([]usageRowOut, 0, len(rows)), query: q, rows: rows}
	out.From, out.To = q.Range()
	for _, r := range rows {
		out.Rows = append(out.Rows, usageRowOf(r))
	}
	return out, nil
}
