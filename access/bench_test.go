package access_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// The principal.
const allocations = 1

func TestWarmDecisionAllocates(t *testing.T) { //nolint:paralleltest // what is counted is the whole process
	w := newWorld(t)
	sid := w.session(w.owner, "google")
	s := w.calm()
	at := seat{w.tenant.ID, sid}
	ask := func() {
		if !decide(t.Context(), s, at) {
			t.Error("the decision is a refusal")
		}
	}
	ask()
	if got := testing.AllocsPerRun(1000, ask); got > allocations {
		t.Errorf("a warm session and a decision allocate %v times, want at most %d", got, allocations)
	}
}

func decide(ctx context.Context, s *access.Store, at seat) bool {
	p, err := s.Session(ctx, at.tenant, at.session)
	return s.Decide(p, err, rbac.MembersRead, "").Allowed
}

func decideKey(ctx context.Context, s *access.Store, cred secret.Credential) bool {
	p, err := s.Key(ctx, cred)
	return s.Decide(p, err, rbac.MembersRead, "").Allowed
}

type seat struct {
	tenant  id.Tenant
	session id.Session
}

// crowd is tenants with people, made in the database at once.
func (w *world) crowd(tenantCount, people int) []seat {
	w.Helper()
	w.exec(`CREATE TEMP TABLE crowd AS SELECT n, md5('t' || n)::uuid AS id FROM generate_series(1, $1) n`, tenantCount)
	w.exec(`INSERT INTO tenants (id, slug, name, status, plan, created_at, updated_at)
		SELECT id, 'crowd-' || n, 'crowd', 'active', 'team', now(), now() FROM crowd`)
	w.exec(`INSERT INTO tenant_state (tenant_id) SELECT id FROM crowd`)
	w.exec(`CREATE TEMP TABLE seats AS SELECT c.id AS tenant, md5('p' || c.n || '.' || p)::uuid AS id FROM crowd c, generate_series(1, $1) p`, people)
	w.exec(`INSERT INTO users (id, created_at) SELECT id, now() FROM seats`)
	w.exec(`INSERT INTO memberships (tenant_id, id, user_id, role, status, email, source, created_at, updated_at)
		SELECT tenant, id, id, 'admin', 'active', id || '@crowd.example', 'seed', now(), now() FROM seats`)
	w.exec(`INSERT INTO sessions (tenant_id, id, membership_id, user_id, method, auth_time, device_hash, created_at, last_seen_at, idle_seconds,
		expires_at, refreshed_at) SELECT tenant, id, id, id, 'oidc', now(), '', now(), now(), 86400, now() + interval '1 day', now() FROM seats`)
	rows, err := w.admin.Query(w.Context(), `SELECT tenant, id FROM seats`)
	must(w, err)
	var seats []seat
	for rows.Next() {
		var tenant, session [16]byte
		must(w, rows.Scan(&tenant, &session))
		seats = append(seats, seat{id.From[id.Tenant](tenant), id.From[id.Session](session)})
	}
	must(w, rows.Err())
	return seats
}

func BenchmarkDecision(b *testing.B) {
	w := newWorld(b)
	s := w.calm()
	seats := w.crowd(1000, 10)
	for _, at := range seats {
		if !decide(b.Context(), s, at) {
			b.Fatal("a decision is a refusal")
		}
	}
	b.Run("one caller", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			decide(b.Context(), s, seats[rand.IntN(len(seats))])
		}
	})
	b.Run("many callers", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				decide(b.Context(), s, seats[rand.IntN(len(seats))])
			}
		})
	})
	b.Run("API key", func(b *testing.B) {
		_, cred := w.key(w.owner, tenants.NewKey{Name: "ci", Role: rbac.Member})
		b.ReportAllocs()
		for b.Loop() {
			decideKey(b.Context(), s, cred)
		}
	})
}

func BenchmarkAllowed(b *testing.B) {
	w := newWorld(b)
	s := w.calm()
	seats := w.crowd(1000, 10)
	for _, at := range seats {
		if !s.Allowed(b.Context(), at.tenant, id.From[id.Membership](at.session.Bytes()), rbac.MembersRead, "") {
			b.Fatal("a decision is a refusal")
		}
	}
	b.Run("Allowed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			at := seats[rand.IntN(len(seats))]
			s.Allowed(b.Context(), at.tenant, id.From[id.Membership](at.session.Bytes()), rbac.MembersRead, "")
		}
	})
	b.Run("Check", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			at := seats[rand.IntN(len(seats))]
			s.Check(b.Context(), at.tenant, id.From[id.Membership](at.session.Bytes()), rbac.MembersRead, "")
		}
	})
}
