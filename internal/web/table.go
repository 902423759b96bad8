package web

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// Table is the routes of one front door. A review of its rendering is a review of who may do what.
type Table []Route

// Row is a [Route] as data.
type Row struct {
	Method      string `json:"method"`
	Path        string `json:"path"`
	Permission  string `json:"permission,omitzero"`
	Open        string `json:"open,omitzero"` // why anybody may call
	Feature     string `json:"feature,omitzero"`
	SessionOnly bool   `json:"session_only,omitzero"`
	StepUp      int    `json:"step_up_seconds,omitzero"`
	Limit       string `json:"limit,omitzero"`
	Group       string `json:"group,omitzero"` // of the limits of plans
	Idempotent  bool   `json:"idempotent,omitzero"`
	Mutates     bool   `json:"mutates,omitzero"`
	NoEvent     string `json:"no_event,omitzero"`
	AnyStanding string `json:"any_standing,omitzero"`
	CrossSite   bool   `json:"cross_site,omitzero"`
	AnyHost     bool   `json:"any_host,omitzero"`
	Forwarded   bool   `json:"forwarded,omitzero"`
	MaxBody     int64  `json:"max_body,omitzero"`
	Status      int    `json:"status"`
	Scope       string `json:"scope"` // the adapter
	Summary     string `json:"summary,omitzero"`
}

// Row returns the route as data.
func (r Route) Row() Row {
	limit := ""
	if !r.limit.IsZero() {
		limit = r.limit.String()
	}
	return Row{
		Method: r.method, Path: r.path, Permission: string(r.permission), Open: r.open, Feature: string(r.feature),
		SessionOnly: r.sessionOnly, StepUp: int(r.stepUp / time.Second), Limit: limit, Group: string(r.group), Idempotent: r.idempotent,
		Mutates: r.mutates(), NoEvent: r.noEvent, AnyStanding: r.anyStanding, CrossSite: r.crossSite, AnyHost: r.anyHost,
		Forwarded: r.forwarded, MaxBody: r.maxBody, Status: r.success(), Scope: r.handler.scope, Summary: r.summary,
	}
}

// Rows returns the table as data, for `gatehouse routes --json`.
func (t Table) Rows() []Row {
	rows := make([]Row, len(t))
	for i, r := range t {
		rows[i] = r.Row()
	}
	return rows
}

// Render returns the table as text of fixed width, one row a line.
func (t Table) Render() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "METHOD\tPATH\tPERMISSION\tFEATURE\tSCOPE\tRULES")
	for _, r := range t.Rows() {
		who, feature := r.Permission, r.Feature
		if r.Open != "" {
			who = "OPEN"
		}
		if feature == "" {
			feature = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Method, r.Path, who, feature, r.Scope, strings.Join(r.rules(), "; "))
	}
	_ = w.Flush() // a strings.Builder does not fail
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// rules says in words what the columns do not.
func (r Row) rules() []string {
	var rules []string
	add := func(on bool, rule string) {
		if on {
			rules = append(rules, rule)
		}
	}
	add(r.Open != "", "open: "+r.Open)
	add(r.CrossSite, "CROSS-SITE")
	add(r.AnyHost, "any host")
	add(r.Forwarded, "FORWARDED")
	add(r.AnyStanding != "", "ANY STANDING: "+r.AnyStanding)
	add(r.SessionOnly, "session only")
	add(r.StepUp > 0, fmt.Sprintf("step-up %s", time.Duration(r.StepUp)*time.Second))
	add(r.Limit != "", r.Limit)
	add(r.Group != "", "group "+r.Group)
	add(r.Idempotent, "idempotent")
	add(r.NoEvent != "", "no event: "+r.NoEvent)
	add(r.MaxBody > 0, fmt.Sprintf("body %d", r.MaxBody))
	add(r.Status != 200, fmt.Sprint(r.Status))
	return rules
}
