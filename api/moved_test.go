package api_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

// target is the tenant in which a request leaves its traces.
func (s sample) target(tb testing.TB, p place) id.Tenant {
	tb.Helper()
	where := p.tenant.ID
	if s.path == "/v1/session/switch" { // they are where the person goes
		body, _ := s.body.(map[string]any)
		text, _ := body["tenant_id"].(string)
		if err := where.UnmarshalText([]byte(text)); err != nil {
			tb.Fatal(err)
		}
	}
	return where
}

// sampled is the sample of a row in a fresh place, who sends it, and where it leaves its traces.
func sampled(tb testing.TB, s *apitest.Server, r web.Row) (sample, *apitest.Client, id.Tenant) {
	tb.Helper()
	p := newPlace(tb, s)
	try := p.try(tb, label(r))
	client := s.Bearer(try.caller)
	if r.Open != "" {
		client = s.Anonymous()
	}
	return try, client, try.target(tb, p)
}

// An answer of a row that changes something names the version that it made, whichever adapter wrote it; one that made none names none.
func TestEveryRowThatMovesTheTenantSaysWhereTo(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for _, r := range rowsThat(t, mutates) {
		t.Run(label(r), func(t *testing.T) {
			t.Parallel()
			try, client, where := sampled(t, s, r)
			before := s.Version(t, where)
			told := client.Do(t, r.Method, try.path, try.body).Want(t, r.Status).Header.Get("Gatehouse-Version")
			after := s.Version(t, where)
			switch {
			case after == before && told != "":
				t.Errorf("nothing moved and the answer has the version %q", told)
			case after != before && told != after:
				t.Errorf("the answer has the version %q, want %q", told, after)
			}
		})
	}
}

// Who lost the first answer gets another, with a version that has what it changed.
func TestEveryRepeatedAnswerHasAVersion(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for _, r := range rowsThat(t, func(r web.Row) bool { return r.Idempotent }) {
		t.Run(label(r), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, s)
			try := p.try(t, label(r))
			client := s.Bearer(try.caller).With("Idempotency-Key", "once")
			client.Do(t, r.Method, try.path, try.body).Want(t, r.Status)
			again := client.Do(t, r.Method, try.path, try.body).Want(t, r.Status)
			if told, now := again.Header.Get("Gatehouse-Version"), s.Version(t, p.tenant.ID); told != now || again.Header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("again: version %q, replayed %q, want %q", told, again.Header.Get("Idempotency-Replayed"), now)
			}
		})
	}
}
