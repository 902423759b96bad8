package conformance

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// Text is the report for a terminal.
func (r Report) Text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "AREA\tTRIED\tATTACKS\tREFUSED\tALLOWED\tFAILED")
	for _, l := range append(r.Matrix, r.Total) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\n", l.Area, l.Tried, l.Attacks, l.Refused, l.Allowed, l.Failed)
	}
	_ = w.Flush() // a builder takes everything
	for _, s := range r.Skipped {
		fmt.Fprintf(&b, "\nnot played: %s: %s", s.Area, s.Why)
	}
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "\nFAILED %s: %s: %s", f.name(), f.Title, f.Problem)
	}
	fmt.Fprintf(&b, "\n%s in %.0f s: %s", r.BaseURL, r.Seconds, r.verdict())
	return b.String()
}

// Markdown is the report for a security questionnaire.
func (r Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Single sign-on: known attacks\n\n| | |\n|---|---|\n| Installation | %s |\n| Version | %s |\n| Played | %s, in %.0f s |\n| Result | %s |\n\n",
		r.BaseURL, r.Version, r.StartedAt.Format(time.RFC3339), r.Seconds, r.verdict())
	b.WriteString("An attack counts as refused if it is answered with a client error, nobody has a session by it, no row of the organization has changed,\n" +
		"and what was forged was not believed. What has to be accepted is played too: without that a refusal would mean nothing.\n\n" +
		"| Area | Tried | Attacks | Refused | Allowed as it should be | Failed |\n|---|---:|---:|---:|---:|---:|\n")
	for _, l := range append(r.Matrix, r.Total) {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d |\n", l.Area, l.Tried, l.Attacks, l.Refused, l.Allowed, l.Failed)
	}
	if len(r.Skipped) > 0 {
		b.WriteString("\n## Not played\n\n")
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(&b, "- %s: %s\n", s.Area, cell(s.Why))
	}
	if len(r.Failures) > 0 {
		b.WriteString("\n## Failed\n\n| Case | What was tried | What came of it |\n|---|---|---|\n")
	}
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", f.name(), cell(f.Title), cell(f.Problem))
	}
	return strings.TrimRight(b.String(), "\n")
}

func (r Report) verdict() string {
	if r.Total.Failed == 0 {
		return fmt.Sprintf("all %d attacks refused, all %d others as they should be", r.Total.Refused, r.Total.Allowed)
	}
	return fmt.Sprintf("%d of %d cases did not end as they must", r.Total.Failed, r.Total.Tried)
}

func (r Result) name() string {
	if r.Variant == "" {
		return r.ID
	}
	return r.ID + " (" + r.Variant + ")"
}

// cell keeps a text in its cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "&", "&amp;").Replace(s)
}
