package access_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// BenchmarkScale is what bench/decision.go reads. Its rounds take turns, so that what disturbs one disturbs all; time is that of the
// processor, and what a tenant is asked about follows Zipf's law: few are busy, most are seldom heard of. All are asked about each permission
// of a product that is as large as they come.
func BenchmarkScale(b *testing.B) {
	const rounds, people = 5, 10
	w := newWorld(b)
	w.apply(largeProduct())
	b.Run("Cold", func(b *testing.B) {
		for b.Loop() {
			b.ReportMetric(float64(w.cold()), "statements")
		}
	})
	few, many := w.full(1000, people), w.full(100_000, people)
	plain, permissions := plainCasbin(b, few.store)
	few.permissions, many.permissions = permissions, permissions
	for range rounds {
		b.Run("Tenants1000", few.decide)
		b.Run("Tenants100000", many.decide)
		b.Run("Casbin", func(b *testing.B) {
			b.ReportAllocs()
			roles, i := []string{"r:viewer", "r:member", "r:admin", "r:owner"}, 0
			spent := processor()
			for b.Loop() {
				if _, err := plain.Enforce(roles[i%4], "t:team", string(permissions[i%len(permissions)])); err != nil {
					b.Fatalf("Enforce: %v", err)
				}
				i++
			}
			b.ReportMetric(float64(processor()-spent)/float64(b.N), "cpu-ns/op")
		})
	}
	runtime.KeepAlive(many.store)
}

// largeProduct is a catalog of some two hundred lines of policy.
func largeProduct() []byte {
	source := "version: 1\nfeatures:\n  ai: {from: pro}\npermissions:\n"
	of := map[int]string{}
	for n := range 150 {
		name := fmt.Sprintf("area%d:%s", n/5, []string{"read", "write", "share", "export", "delete"}[n%5])
		source += "  " + name + ": {" + []string{"", "feature: ai"}[n%2] + "}\n"
		of[n%3] += ", " + name
	}
	return []byte(source + fmt.Sprintf("roles:\n  viewer: {permissions: [%s]}\n  member: {permissions: [%s]}\n  admin: {permissions: [%s]}\n",
		of[0][2:], of[1][2:], of[2][2:]))
}

// cold counts what the first question about a tenant costs, beside the statements that open the scopes.
func (w *world) cold() int64 {
	w.Helper()
	cfg := w.config()
	cfg.Grace = 10_000 * time.Hour
	s := w.deaf(cfg)
	ctx, n := db.Count(w.Context())
	if !s.Allowed(ctx, w.tenant.ID, w.owner.ID, rbac.MembersRead, "") {
		w.Error("an owner may not read")
	}
	return n.Statements() - n.Control()/2 // each scope has a BEGIN, a COMMIT and one statement that enters it
}

// scene is a store with everything in memory, and whom it is asked about.
type scene struct {
	store *access.Store
	heap  uint64
	asked []access.Place

	permissions []rbac.Permission
}

func (w *world) full(count, people int) scene {
	w.Helper()
	cfg := w.config()
	cfg.Grace = 10_000 * time.Hour // nothing is loaded, so nothing is announced
	s := w.deaf(cfg)
	before := heap()
	places := access.Fill(s, count, people)
	held := heap() - before - uint64(cap(places))*32
	order := rand.Perm(count)
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 1, uint64(count-1))
	asked := make([]access.Place, 1<<18)
	for i := range asked {
		asked[i] = places[order[zipf.Uint64()]*people+rand.IntN(people)]
	}
	return scene{store: s, heap: held, asked: asked}
}

func (sc scene) decide(b *testing.B) {
	b.ReportAllocs()
	ctx, i, allowed := b.Context(), 0, 0
	spent := processor()
	for b.Loop() {
		at := sc.asked[i&(len(sc.asked)-1)]
		if sc.store.Allowed(ctx, at.Tenant, at.Member, sc.permissions[i%len(sc.permissions)], "ai") {
			allowed++
		}
		i++
	}
	b.ReportMetric(float64(processor()-spent)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(sc.heap)/1e6, "heap-MB")
	if i > 1000 && (allowed < i/4 || allowed > i*3/4) {
		b.Errorf("%d of %d questions were allowed, want some", allowed, i)
	}
}

// plainCasbin is one enforcer with every line of the catalog's policy, as the tutorials make it. It returns the permissions that there are.
func plainCasbin(b *testing.B, s *access.Store) (*casbin.Enforcer, []rbac.Permission) {
	b.Helper()
	rules, err := model.NewModelFromFile("../rbac/model.conf")
	must(b, err)
	e, err := casbin.NewEnforcer(rules)
	must(b, err)
	c, _ := s.Catalog()
	for _, line := range c.Policy() {
		add := e.AddNamedGroupingPolicy
		if line[0] == "p" {
			add = e.AddNamedPolicy
		}
		_, err := add(line[0], []string(line[1:]))
		must(b, err)
	}
	var permissions []rbac.Permission
	for _, p := range c.Permissions() {
		permissions = append(permissions, p.Name)
	}
	b.Logf("%d lines of policy, %d permissions", len(c.Policy()), len(permissions))
	return e, permissions
}

func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A million members are held in what is promised, all found again.
func TestAMillionMembersFit(t *testing.T) { //nolint:paralleltest // what is measured is the whole process
	w := newWorld(t)
	cfg := w.config()
	cfg.Grace = 10_000 * time.Hour
	s := w.deaf(cfg)
	before := heap()
	places := access.Fill(s, 10_000, 10)
	held := float64(heap()-before) - float64(cap(places)*32)
	if perMember := held / float64(len(places)); perMember > 150 {
		t.Errorf("a member takes %.0f bytes, want 150 at most", perMember)
	}
	for _, p := range places {
		if !s.Allowed(t.Context(), p.Tenant, p.Member, rbac.MembersRead, "") {
			t.Fatalf("the member %s of %s is not found", p.Member, p.Tenant)
		}
	}
	if s.Stats().Misses.Load() != 0 {
		t.Errorf("%d were looked for in the database, want none", s.Stats().Misses.Load())
	}
}
