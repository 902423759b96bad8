package access_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// What is held is always what a plain map would hold, through growth, removal, replacement and the death of whole shards.
func TestHeldIsWhatAMapHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cfg := w.config()
	cfg.Grace = 10_000 * time.Hour
	h := access.Inside(w.deaf(cfg))
	random := rand.New(rand.NewPCG(3, 4))
	type held struct{ role, email, name string }
	model := map[access.Place]held{}
	var known []access.Place
	tenants := make([]id.Tenant, 300)
	for i := range tenants {
		tenants[i] = id.New[id.Tenant]()
	}
	for step := range 60_000 {
		var at access.Place
		if len(known) > 0 && random.IntN(3) > 0 {
			at = known[random.IntN(len(known))]
		} else {
			n := random.IntN(len(tenants))
			if random.IntN(2) == 0 {
				n = random.IntN(3) // some are large
			}
			at = access.Place{Tenant: tenants[n], Member: id.New[id.Membership]()}
			known = append(known, at)
		}
		switch random.IntN(20) {
		case 0, 1, 2:
			h.Drop(at)
			delete(model, at)
		default:
			v := held{fmt.Sprintf("role-%d", random.IntN(5)), fmt.Sprintf("%d@example.com", step), fmt.Sprint("Name ", step)[:random.IntN(8)]}
			h.Put(at, rbac.Role(v.role), v.email, v.name)
			model[at] = v
		}
		if step%20_000 == 7 {
			h.Forget(at.Tenant)
			for p := range model {
				if p.Tenant.Bytes()[15] == at.Tenant.Bytes()[15] {
					delete(model, p)
				}
			}
		}
	}
	for _, at := range known {
		role, email, name, ok := h.Get(at)
		want, held := model[at]
		if ok != held || string(role) != want.role || email != want.email || name != want.name {
			t.Fatalf("%v is %q %q %q %v, want %+v %v", at, role, email, name, ok, want, held)
		}
	}
	if members, counted := len(model), h.Members(); counted != members {
		t.Errorf("%d members are counted, want %d", counted, members)
	}
	h.ForgetAll()
	if members, homes := h.Members(), h.Tenants(); members != 0 || homes != 0 {
		t.Errorf("when all is forgotten %d members and %d tenants are counted", members, homes)
	}
}

func TestHeldIsBounded(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ tenants, people, size int }{{2000, 3, 1000}, {1, 5000, 1000}, {30, 400, 1000}, {50, 1, 10}} {
		w := newWorld(t)
		cfg := w.config()
		cfg.Size = tc.size
		s := w.deaf(cfg)
		access.Fill(s, tc.tenants, tc.people)
		h := access.Inside(s)
		if h.Members() > tc.size || h.Tenants() > max(tc.size/10, 1) {
			t.Errorf("%+v: %d members and %d tenants are held", tc, h.Members(), h.Tenants())
		}
		if h.Members() < min(tc.size, tc.people*min(tc.tenants, tc.size/10))*3/4 {
			t.Errorf("%+v: only %d members are held", tc, h.Members())
		}
	}
}

// Whoever is asked about all the time stays, whatever passes by.
func TestWhoIsAskedAboutStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cfg := w.config()
	cfg.Size, cfg.Grace = 1000, 10_000*time.Hour
	s := w.deaf(cfg)
	busy := access.Fill(s, 1, 1)[0]
	lost := 0
	for range 20 {
		for range 50 {
			access.Fill(s, 1, 1)
			if _, _, _, ok := access.Inside(s).Get(busy); !ok {
				lost++
			}
		}
	}
	if lost > 0 {
		t.Errorf("the busy one was not held %d times of 1000", lost)
	}
}

// Readers take no lock: under the race detector, while one shard's tables grow and shrink, they find what is always there.
func TestReadersMeetWriters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cfg := w.config()
	cfg.Grace = 10_000 * time.Hour
	h := access.Inside(w.deaf(cfg))
	tenant := id.New[id.Tenant]()
	fixed := make([]access.Place, 40)
	for i := range fixed {
		fixed[i] = access.Place{Tenant: tenant, Member: id.New[id.Membership]()}
		h.Put(fixed[i], rbac.Admin, "a@example.com", "")
	}
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				role, email, _, ok := h.Get(fixed[i%len(fixed)])
				if !ok || role != rbac.Admin || email != "a@example.com" {
					t.Errorf("one who is always there is %q %q %v", role, email, ok)
					return
				}
			}
		})
	}
	for n := range 3000 {
		at := access.Place{Tenant: tenant, Member: id.New[id.Membership]()}
		if n%2 == 0 { // another tenant of the shard
			b := id.New[id.Tenant]().Bytes()
			b[15] = tenant.Bytes()[15]
			at.Tenant = id.From[id.Tenant](b)
		}
		h.Put(at, rbac.Viewer, fmt.Sprint(n, "@example.com"), "V")
		if n%3 > 0 {
			h.Drop(at)
		}
	}
	stop()
	readers.Wait()
}

// A principal is decided from the snapshot that authenticated it, whatever became of the tenant since; the next request sees the change.
func TestOneRequestSeesOneState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.store()
	p, err := s.Member(t.Context(), w.tenant.ID, w.owner.ID)
	must(t, err)
	w.setPlan("free")
	if d := s.Decide(p, nil, "", "sso"); !d.Allowed {
		t.Errorf("Decide in the same request = %+v, want it allowed still", d)
	}
	w.soon("the next request is refused", func() bool { return !s.Allowed(t.Context(), w.tenant.ID, w.owner.ID, "", "sso") })
	byHand := &authn.Principal{Kind: authn.Member, Tenant: w.tenant.ID, Role: "owner", Plan: "team"}
	w.soon("a principal that was made by hand is decided from what is held of the tenant", func() bool {
		_, err := s.Tenant(t.Context(), w.tenant.ID)
		return err == nil && !s.Decide(byHand, nil, "", "sso").Allowed
	})
}
