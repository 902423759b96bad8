package saml_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

func TestSAML_090_ParsingIsBounded(t *testing.T) {
	t.Parallel()
	v := saml.NewVerifier(saml.Limits{Parallel: 1, Wait: 10 * time.Millisecond})
	doc, want := build(t, honest(t)), expect(t)
	leave := v.Occupy()
	_, err := v.Verify(t.Context(), doc, want, nil)
	if reasonOf(err) != sso.SSOBusy || errs.As(err).Kind != errs.Unavailable || errs.As(err).RetryAfter == 0 {
		t.Errorf("Verify() when all turns are taken = %v, want %s", err, sso.SSOBusy)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(canceled, doc, want, nil); reasonOf(err) != sso.SSOBusy {
		t.Errorf("Verify() for somebody who has left = %v, want %s", err, sso.SSOBusy)
	}
	leave()
	if _, err := v.Verify(t.Context(), doc, want, nil); err != nil {
		t.Errorf("Verify() when a turn is free = %v, want nil", err)
	}
}

// TestSAML_090_FloodOfBadResponses: two hundred at once are refused one after another, or sent away, and an honest one comes through after.
func TestSAML_090_FloodOfBadResponses(t *testing.T) {
	t.Parallel()
	v := saml.NewVerifier(saml.Limits{Wait: 100 * time.Millisecond})
	want := expect(t)
	bad := bytes.Replace(build(t, honest(t)), []byte("</saml:Issuer>"), []byte("</saml:Issuer>"+strings.Repeat("<a/>", 250_000)), 1)
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			if _, err := v.Verify(t.Context(), bad, want, nil); reasonOf(err) != sso.ResponseTooLarge && reasonOf(err) != sso.SSOBusy {
				t.Errorf("Verify() in a flood = %v, want %s or %s", err, sso.ResponseTooLarge, sso.SSOBusy)
			}
		})
	}
	all.Wait()
	if _, err := v.Verify(t.Context(), build(t, honest(t)), want, nil); err != nil {
		t.Errorf("Verify() after a flood = %v, want nil", err)
	}
}

func TestPanicIsARefusal(t *testing.T) {
	t.Parallel()
	for _, cause := range []any{"<saml:NameID>alice", errors.New("<saml:NameID>alice"), nil} {
		_, err := saml.Guarded(func() (saml.Assertion, error) { panic(cause) })
		if reasonOf(err) != sso.ResponseMalformed || strings.Contains(err.Error(), "alice") {
			t.Errorf("a panic with %v = %v, want %s without its text", cause, err, sso.ResponseMalformed)
		}
	}
}

// TestErrorsHoldNothingOfTheDocument: they go to the log.
func TestErrorsHoldNothingOfTheDocument(t *testing.T) {
	t.Parallel()
	const secret = "alice-the-secret"
	for _, s := range samlforge.Scenarios() {
		if strings.HasPrefix(s.ID, "SAML-068") || strings.HasPrefix(s.ID, "SAML-069") || strings.HasPrefix(s.ID, "SAML-07") {
			continue // large, and like others
		}
		o := honest(t)
		o.Subject.NameID.Value, o.Victim.NameID.Value = secret, secret
		doc, err := s.Build(o, s.Modes[0], once(t, tools))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verify(t, doc, configured(t, s, s.Modes[0])); err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("Verify() of %s = %v, which names the person", s.ID, err)
		}
	}
}

func TestIncompleteExpectation(t *testing.T) {
	t.Parallel()
	doc := build(t, honest(t))
	for what, spoil := range map[string]func(*saml.Expect){
		"issuer": func(e *saml.Expect) { e.Issuer = "" }, "audience": func(e *saml.Expect) { e.Audience = "" },
		"ACS": func(e *saml.Expect) { e.ACS = "" }, "time": func(e *saml.Expect) { e.Now = time.Time{} },
		"time of the request": func(e *saml.Expect) { e.ForceAuthn, e.RequestedAt = true, time.Time{} },
		"trust":               func(e *saml.Expect) { e.Trust.Certificates = nil },
	} {
		want := expect(t)
		spoil(&want)
		if a, err := verify(t, doc, want); err == nil {
			t.Errorf("Verify() without %s = %+v, want an error", what, a)
		}
	}
}
