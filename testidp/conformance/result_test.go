package conformance_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/testidp/conformance"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	alice := conformance.Honest{Person: "alice@a.invalid", Tenant: "a"}
	in := func(person, tenant string) conformance.Seen {
		return conformance.Seen{Status: http.StatusSeeOther, Session: true, Person: person, Tenant: tenant}
	}
	refused := func(status int, code string) conformance.Seen { return conformance.Seen{Status: status, Code: code} }
	tests := map[string]struct {
		expect  samlforge.Outcome
		seen    conformance.Seen
		persons bool
		want    conformance.Verdict
		problem string
	}{
		"an attack that is refused":           {samlforge.Refuse, refused(403, "signature_invalid"), false, conformance.Refused, ""},
		"an attack that is cut off":           {samlforge.Refuse, conformance.Seen{Cut: true}, false, conformance.Refused, ""},
		"an attack that signs the victim in":  {samlforge.Refuse, in("victor@a.invalid", "a"), false, conformance.Failed, `"victor@a.invalid" was signed in`},
		"an attack that signs oneself in":     {samlforge.Refuse, in("alice@a.invalid", "a"), false, conformance.Failed, "was signed in"},
		"a session that works nowhere":        {samlforge.Refuse, in("", ""), false, conformance.Failed, "was signed in"},
		"an attack that leaves rows":          {samlforge.Refuse, conformance.Seen{Status: 403, Changed: true}, false, conformance.Failed, "changed rows"},
		"an attack that breaks the server":    {samlforge.Refuse, refused(500, "internal"), false, conformance.Failed, "the server failed with 500"},
		"an attack that is answered":          {samlforge.Refuse, refused(200, ""), false, conformance.Failed, "answered with 200"},
		"an attack that leads somewhere":      {samlforge.Refuse, refused(303, ""), false, conformance.Failed, "answered with 303"},
		"a forgery that was believed":         {samlforge.Refuse, refused(403, "link_required"), false, conformance.Failed, "it was believed"},
		"a person who is not welcome":         {samlforge.Refuse, refused(403, "link_required"), true, conformance.Refused, ""},
		"an honest person":                    {samlforge.Accept, in("alice@a.invalid", "a"), false, conformance.Accepted, ""},
		"an honest person as somebody else":   {samlforge.Accept, in("victor@a.invalid", "a"), false, conformance.Failed, "and not"},
		"an honest person somewhere else":     {samlforge.Accept, in("alice@a.invalid", "b"), false, conformance.Failed, "and not"},
		"an honest person who is refused":     {samlforge.Accept, refused(403, "audience_mismatch"), false, conformance.Failed, "audience_mismatch"},
		"what may be refused":                 {samlforge.Limit, refused(403, "domain_not_allowed"), false, conformance.Refused, ""},
		"what may be accepted":                {samlforge.Limit, in("alice@a.invalid", "a"), false, conformance.Accepted, ""},
		"what may be accepted, but not so":    {samlforge.Limit, in("victor@a.invalid", "a"), false, conformance.Failed, "and not"},
		"what may be accepted breaks nothing": {samlforge.Limit, refused(502, ""), false, conformance.Failed, "the server failed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problem := conformance.Judge(tt.expect, tt.seen, alice, tt.persons)
			if got != tt.want || !strings.Contains(problem, tt.problem) || (tt.problem == "") != (problem == "") {
				t.Errorf("Judge(%s, %+v) = %s, %q, want %s, %q", tt.expect, tt.seen, got, problem, tt.want, tt.problem)
			}
		})
	}
}

func TestReportShowsWhatFailed(t *testing.T) {
	t.Parallel()
	r := conformance.Report{BaseURL: "https://login.example.com", Version: "v1", Results: []conformance.Result{
		{Area: conformance.Keys, ID: "SAML-020", Title: "SHA-1", Variant: "both", Expect: samlforge.Refuse, Verdict: conformance.Failed, Problem: `"a|b" was signed in`},
		{Area: conformance.Wrapping, ID: "SAML-001", Expect: samlforge.Refuse, Verdict: conformance.Refused},
		{Area: conformance.Honesty, ID: "SAML-HONEST", Expect: samlforge.Accept, Verdict: conformance.Accepted},
	}}
	r.Fill()
	want := []conformance.Line{
		{Area: conformance.Honesty, Tried: 1, Allowed: 1},
		{Area: conformance.Wrapping, Tried: 1, Attacks: 1, Refused: 1},
		{Area: conformance.Keys, Tried: 1, Attacks: 1, Failed: 1},
	}
	if diff := cmp.Diff(want, r.Matrix); diff != "" {
		t.Errorf("Matrix (-want +got):\n%s", diff)
	}
	for _, shown := range []string{r.Text(), r.Markdown()} {
		if !strings.Contains(shown, "SAML-020 (both)") || !strings.Contains(shown, "1 of 3 cases did not end as they must") {
			t.Errorf("the report hides the failure:\n%s", shown)
		}
	}
	if !strings.Contains(r.Markdown(), `"a\|b"`) {
		t.Errorf("a text leaves its cell:\n%s", r.Markdown())
	}
}
