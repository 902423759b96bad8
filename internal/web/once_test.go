package web_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

func TestRepeatedRequestGetsTheStoredAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, path := range []string{"/v1/once", "/v1/keys", "/v1/prepared"} {
		key := []string{"Idempotency-Key", "for " + path}
		before := b.handled.Load()
		first := b.do("POST", path, body, asMember(key...)...)
		again := b.do("POST", path, body, asMember(key...)...)
		if first.Code >= 300 || again.Code != first.Code || again.body != first.body || b.handled.Load() != before+1 {
			t.Errorf("POST %s again = %d %s, want %d %s", path, again.Code, again.body, first.Code, first.body)
		}
		if got := first.Header().Get("Idempotency-Replayed") + again.Header().Get("Idempotency-Replayed"); got != "true" {
			t.Errorf("POST %s twice: Idempotency-Replayed = %q, want true the second time", path, got)
		}
		b.do("POST", path, `{"name":"y"}`, asMember(key...)...).want(t, "another body", 422, "idempotency_mismatch")
		b.do("POST", path+"?limit=1", body, asMember(key...)...).want(t, "a query", 400, "unknown_parameter")
	}
	b.do("POST", "/v1/prepared", body, asMember("Idempotency-Key", "for /v1/once")...).want(t, "another route", 422, "idempotency_mismatch")
	if n := b.eventsOf(events.KeyCreated); n != 2 {
		t.Errorf("events = %d, want 2", n)
	}
}

func TestKeysOfPrincipalsAreApart(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.do("POST", "/v1/once", body, asMember("Idempotency-Key", "k")...).want(t, "a member", 201, "")
	got := b.do("POST", "/v1/once", body, "X-API-Key", b.key.String(), "Content-Type", "application/json", "Idempotency-Key", "k")
	got.want(t, "an API key", 201, "")
	if got.Header().Get("Idempotency-Replayed") != "" {
		t.Error("another principal got the stored answer, want its own")
	}
	b.do("POST", "/v1/once", body, asMember()...).want(t, "no key", 201, "")
	if n := b.eventsOf(events.KeyCreated); n != 3 {
		t.Errorf("events = %d, want 3", n)
	}
}

func TestRacedRequestsHappenOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	answers := make([]answer, 8)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = b.do("POST", "/v1/once", `{"name":"slow"}`, asMember("Idempotency-Key", "k")...) })
	}
	wg.Wait()
	for _, got := range answers {
		if got.Code != 201 || got.body != answers[0].body {
			t.Errorf("raced POST = %d %s, want 201 %s", got.Code, got.body, answers[0].body)
		}
	}
	if n := b.eventsOf(events.KeyCreated); n != 1 {
		t.Errorf("events = %d, want 1", n)
	}
}

func TestRefusalsAreNotStored(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, how := range []string{"refused", "kept", "other", "panic", "sql"} {
		first := b.do("POST", "/v1/fail/"+how, "", asMember("Idempotency-Key", how)...)
		again := b.do("POST", "/v1/fail/"+how, "", asMember("Idempotency-Key", how)...)
		if again.Code != first.Code || again.Header().Get("Idempotency-Replayed") != "" {
			t.Errorf("POST %s again = %d, replayed %q, want %d anew", how, again.Code, again.Header().Get("Idempotency-Replayed"), first.Code)
		}
	}
	if n := b.idempotencyKeys(""); n != 0 {
		t.Errorf("keys stored = %d, want 0", n)
	}
}

func TestStoredAnswersAreSealedAndExpire(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.do("POST", "/v1/once", `{"name":"shown-once-secret"}`, asMember("Idempotency-Key", "a long key")...)
	first.want(t, "the first", 201, "")
	if n := b.idempotencyKeys("AND (position('shown-once-secret' in encode(response, 'escape')) > 0 OR principal LIKE '%a long key%')"); n != 0 {
		t.Errorf("rows with the answer in plain = %d, want 0", n)
	}
	if n := b.idempotencyKeys("AND expires_at BETWEEN created_at + interval '24 hours' AND created_at + interval '24 hours'"); n != 1 {
		t.Errorf("rows that last 24 hours = %d, want 1", n)
	}
	b.exec("UPDATE idempotency_keys SET expires_at = created_at WHERE tenant_id = ?", b.tenant.ID)
	second := b.do("POST", "/v1/once", body, asMember("Idempotency-Key", "a long key")...)
	if second.Code != 201 || second.body == first.body {
		t.Errorf("after a day = %d %s, want it made anew", second.Code, second.body)
	}
}

func TestForgetAnswers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, key := range []string{"old", "new"} {
		b.do("POST", "/v1/once", body, asMember("Idempotency-Key", key)...).want(t, key, 201, "")
		if key == "old" {
			b.exec("UPDATE idempotency_keys SET expires_at = created_at WHERE tenant_id = ?", b.tenant.ID)
		}
	}
	err := b.db.System(t.Context(), func(sys *db.SystemTx) error { return web.ForgetAnswers(t.Context(), sys) })
	if n := b.idempotencyKeys(""); err != nil || n != 1 {
		t.Errorf("ForgetAnswers = %v and leaves %d, want 1", err, n)
	}
}

func TestSealedAnswersAreBoundToTheirRow(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.do("POST", "/v1/once", body, asMember("Idempotency-Key", "one")...).want(t, "one", 201, "")
	b.do("POST", "/v1/once", body, asMember("Idempotency-Key", "two")...).want(t, "two", 201, "")
	b.exec(`UPDATE idempotency_keys a SET response = b.response FROM idempotency_keys b
		WHERE a.tenant_id = ? AND b.tenant_id = a.tenant_id AND a.key_hash <> b.key_hash`, b.tenant.ID)
	b.do("POST", "/v1/once", body, asMember("Idempotency-Key", "one")...).want(t, "a swapped answer", 500, "internal")
}

func TestIdempotencyKeyForm(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, key := range []string{"", strings.Repeat("k", 129), "tab\there", "мем"} {
		b.do("POST", "/v1/once", body, asMember("Idempotency-Key", key)...).want(t, "key "+key, 400, "idempotency_key_invalid")
	}
	b.do("POST", "/v1/once", body, asMember("Idempotency-Key", "a", "Idempotency-Key", "b")...).want(t, "two keys", 400, "idempotency_key_invalid")
	if n := b.handled.Load(); n != 0 {
		t.Errorf("handlers reached = %d, want 0", n)
	}
}

func (b *bench) idempotencyKeys(condition string) int {
	b.Helper()
	n := 0
	err := b.db.Tenant(b.Context(), b.tenant.ID, func(tx *db.TenantTx) error {
		return tx.DB.Raw("SELECT count(*) FROM idempotency_keys WHERE tenant_id = ? "+condition, tx.Tenant).Scan(&n).Error
	})
	if err != nil {
		b.Fatalf("count idempotency keys: %v", err)
	}
	return n
}

func (b *bench) exec(sql string, args ...any) {
	b.Helper()
	err := b.db.Tenant(b.Context(), b.tenant.ID, func(tx *db.TenantTx) error { return tx.DB.Exec(sql, args...).Error })
	if err != nil {
		b.Fatalf("Exec(%q) = %v", sql, err)
	}
}
