package saml_test

import (
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
)

// The tolerances that are documented.
const (
	skew   = 90 * time.Second
	maxAge = 5 * time.Minute
)

// TestSAML_122_To_131_Boundaries moves each time one second to either side of the edge.
func TestSAML_122_To_131_Boundaries(t *testing.T) {
	t.Parallel()
	const confirmation, conditions, login = data, "saml:Conditions", "saml:AuthnStatement"
	wide := set(conditions, "NotBefore", stamp(now.Add(-time.Hour)))
	for _, test := range []struct {
		name, tag, attribute string
		edge                 time.Duration // from now
		before, at, after    sso.Reason
		also                 edit
		want                 func(*saml.Expect)
	}{
		{"SAML-122 response", "samlp:Response", "IssueInstant", skew, accepted, accepted, sso.AssertionNotYetValid, nil, nil},
		{"SAML-122 assertion", "saml:Assertion", "IssueInstant", skew, accepted, accepted, sso.AssertionNotYetValid, nil, nil},
		{"SAML-123 response", "samlp:Response", "IssueInstant", -maxAge - skew, sso.AssertionExpired, sso.AssertionExpired, accepted, nil, nil},
		{"SAML-123 assertion", "saml:Assertion", "IssueInstant", -maxAge - skew, sso.AssertionExpired, sso.AssertionExpired, accepted, nil, nil},
		{"SAML-124 confirmation", confirmation, "NotOnOrAfter", -skew, sso.AssertionExpired, sso.AssertionExpired, accepted, nil, nil},
		{"SAML-124 conditions", conditions, "NotOnOrAfter", -skew, sso.AssertionExpired, sso.AssertionExpired, accepted, wide, nil},
		{"SAML-125", conditions, "NotBefore", skew, accepted, accepted, sso.AssertionNotYetValid, nil, nil},
		{"SAML-130", login, "SessionNotOnOrAfter", 0, sso.AssertionExpired, sso.AssertionExpired, accepted, nil, nil},
		{
			"SAML-131", login, "AuthnInstant", -10*time.Minute - skew, sso.StaleAuthentication, accepted, accepted, nil,
			func(e *saml.Expect) { e.ForceAuthn, e.RequestedAt = true, now.Add(-10*time.Minute) },
		},
		{"SAML-131 ahead", login, "AuthnInstant", skew, accepted, accepted, sso.AssertionNotYetValid, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			want := expect(t)
			if test.want != nil {
				test.want(&want)
			}
			for by, reason := range map[time.Duration]sso.Reason{-time.Second: test.before, 0: test.at, time.Second: test.after} {
				edits := []edit{set(test.tag, test.attribute, stamp(now.Add(test.edge+by)))}
				if test.also != nil {
					edits = append(edits, test.also)
				}
				if _, err := verify(t, build(t, edited(honest(t), edits...)), want); reasonOf(err) != reason {
					t.Errorf("Verify() with %s %v from now = %v, want %q", test.attribute, test.edge+by, err, reason)
				}
			}
		})
	}
}

func TestSAML_129_OnlyUTC(t *testing.T) {
	t.Parallel()
	for text, reason := range map[string]sso.Reason{
		"2026-11-22T09:00:00Z":            accepted,
		"2026-11-22T09:00:00.1234567Z":    accepted,
		"2026-11-22T09:00:00":             sso.AssertionTimes,
		"2026-11-22T09:00:00+00:00":       sso.AssertionTimes,
		"2026-11-22T10:00:00+01:00":       sso.AssertionTimes,
		"2026-11-22T09:00:00z":            sso.AssertionTimes,
		"2026-11-22 09:00:00Z":            sso.AssertionTimes,
		"2026-11-22T09:00:00,5Z":          sso.AssertionTimes,
		"2026-11-22T09:00Z":               sso.AssertionTimes,
		"2026-13-01T09:00:00Z":            sso.AssertionTimes,
		"2026-11-31T09:00:00Z":            sso.AssertionTimes,
		"2026-11-22T08:59:60Z":            sso.AssertionTimes,
		"2026-11-22T24:00:00Z":            sso.AssertionTimes,
		"-2026-11-22T09:00:00Z":           sso.AssertionTimes,
		"12026-11-22T09:00:00Z":           sso.AssertionTimes,
		"9999-12-31T23:59:59Z":            sso.AssertionNotYetValid,
		"0001-01-01T00:00:00Z":            sso.AssertionExpired,
		" 2026-11-22T09:00:00Z":           sso.AssertionTimes,
		"1795338000":                      sso.AssertionTimes,
		"":                                sso.AssertionTimes,
		"２０２６-11-22T09:00:00Z":            sso.AssertionTimes,
		"2026-11-22T09:00:00.1234567890Z": sso.AssertionTimes,
	} {
		if _, err := verify(t, build(t, edited(honest(t), set("saml:Assertion", "IssueInstant", text))), expect(t)); reasonOf(err) != reason {
			t.Errorf("Verify() with IssueInstant %q = %v, want %q", text, err, reason)
		}
	}
	for _, place := range [][2]string{
		{"samlp:Response", "IssueInstant"},
		{"saml:Conditions", "NotBefore"},
		{"saml:Conditions", "NotOnOrAfter"},
		{data, "NotOnOrAfter"},
		{"saml:AuthnStatement", "AuthnInstant"},
		{"saml:AuthnStatement", "SessionNotOnOrAfter"},
	} {
		local := now.Format("2006-01-02T15:04:05")
		if _, err := verify(t, build(t, edited(honest(t), set(place[0], place[1], local))), expect(t)); reasonOf(err) != sso.AssertionTimes {
			t.Errorf("Verify() with %s %s=%q = %v, want %s", place[0], place[1], local, err, sso.AssertionTimes)
		}
	}
}

// TestSAML_128_ValidityIsClamped: whatever a provider says, an assertion lives for minutes, and is remembered exactly as long.
func TestSAML_128_ValidityIsClamped(t *testing.T) {
	t.Parallel()
	century := stamp(now.AddDate(100, 0, 0))
	doc := build(t, edited(honest(t), set("saml:Conditions", "NotOnOrAfter", century), set(data, "NotOnOrAfter", century)))
	want := expect(t)
	a, err := verify(t, doc, want)
	if err != nil {
		t.Fatal(err)
	}
	if end := now.Add(maxAge + skew); !a.ValidUntil.Equal(end) {
		t.Errorf("ValidUntil = %v, want %v", a.ValidUntil, end)
	}
	want.Now = a.ValidUntil.Add(-time.Second)
	if _, err := verify(t, doc, want); err != nil {
		t.Errorf("Verify() a second before the end = %v, want nil", err)
	}
	want.Now = a.ValidUntil
	if _, err := verify(t, doc, want); reasonOf(err) != sso.AssertionExpired {
		t.Errorf("Verify() at the end = %v, want %s", err, sso.AssertionExpired)
	}
}

// TestValidUntilIsTheFirstEnd: an assertion that is accepted at all is not accepted after ValidUntil, so its ID can be forgotten then.
func TestValidUntilIsTheFirstEnd(t *testing.T) {
	t.Parallel()
	for _, edits := range [][]edit{
		{set("saml:Conditions", "NotOnOrAfter", stamp(now.Add(time.Minute)))}, {set(data, "NotOnOrAfter", stamp(now.Add(time.Minute)))},
	} {
		a, err := verify(t, build(t, edited(honest(t), edits...)), expect(t))
		if err != nil || !a.ValidUntil.Equal(now.Add(time.Minute+skew)) {
			t.Errorf("Verify() = %v, %v, want an end at %v", a.ValidUntil, err, now.Add(time.Minute+skew))
		}
	}
}
