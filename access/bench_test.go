package access_test

import (
	"math/rand/v2"
	"testing"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// The principal and the random part of the decision's id.
const allocations = 2

func TestWarmDecisionAllocates(t *testing.T) { //nolint:paralleltest // what is counted is the whole process
	w := newWorld(t)
	sid := w.session(w.owner, "google")
	s := w.store()
	ask := func() { decide(t, s, w.tenant.ID, sid) }
	ask()
	if got := testing.AllocsPerRun(1000, ask); got > allocations {
		t.Errorf("a warm session and a decision allocate %v times, want at most %d", got, allocations)
	}
}

func decide(tb testing.TB, s *access.Store, tenant id.Tenant, sid id.Session) {
	p, err := s.Session(tb.Context(), tenant, sid)
	if d := s.Decide(p, err, rbac.MembersRead, ""); !d.Allowed {
		tb.Fatalf("Decide = %+v, %v", d, err)
	}
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
	s := w.store()
	seats := w.crowd(1000, 10)
	for _, at := range seats {
		decide(b, s, at.tenant, at.session)
	}
	b.Run("one caller", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			at := seats[rand.IntN(len(seats))]
			decide(b, s, at.tenant, at.session)
		}
	})
	b.Run("many callers", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				at := seats[rand.IntN(len(seats))]
				decide(b, s, at.tenant, at.session)
			}
		})
	})
	b.Run("API key", func(b *testing.B) {
		_, cred := w.key(w.owner, tenants.NewKey{Name: "ci", Role: rbac.Member})
		key(b, s, cred)
		b.ReportAllocs()
		for b.Loop() {
			key(b, s, cred)
		}
	})
}

func key(tb testing.TB, s *access.Store, cred secret.Credential) {
	p, err := s.Key(tb.Context(), cred)
	if d := s.Decide(p, err, rbac.MembersRead, ""); !d.Allowed {
		tb.Fatalf("Decide = %+v, %v", d, err)
	}
}
