package access_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/page"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func versions() *page.Cursors { return page.New(secret.NewPepper(bytes.Repeat([]byte{7}, 32))) }

// instance is a store with a pool of its own, as another process has.
func (w *world) instance() (*access.Store, *db.DB) {
	w.Helper()
	cfg := w.config()
	cfg.DB, cfg.Versions = w.open(), versions()
	s, _ := w.run(cfg)
	return s, cfg.DB
}

// change makes a change by way of an instance and returns its version, as a client gets it.
func (w *world) change(ctx context.Context, s *access.Store, d *db.DB, fn func(context.Context, *db.TenantTx) error) (string, error) {
	counted, counter := db.Count(ctx)
	if err := d.Tenant(counted, w.tenant.ID, func(tx *db.TenantTx) error { return fn(counted, tx) }); err != nil {
		return "", err
	}
	m := counter.Moved()
	if m == nil || m.Tenant != w.tenant.ID || m.Version == 0 {
		return "", fmt.Errorf("the change has made %v", m)
	}
	return s.VersionText(m.Tenant, m.Version), nil
}

// ledger is what the clients have been promised: of each member the newest version of which somebody was told, and their name as of then.
type ledger struct {
	mu   sync.Mutex
	last map[id.Membership]promise
}

type promise struct {
	version string
	step    int
}

func (l *ledger) write(m id.Membership, p promise) { l.mu.Lock(); l.last[m] = p; l.mu.Unlock() }

func (l *ledger) read(m id.Membership) (promise, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, ok := l.last[m]
	return p, ok
}

// TestNoAnswerIsOlderThanAskedFor has eight clients change roles, plans and members by way of two instances, while others ask either of them
// with the version that an answer to a change has carried. What they hear of is never from before it.
func TestNoAnswerIsOlderThanAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	type node struct {
		store *access.Store
		db    *db.DB
	}
	var nodes [2]node
	for n := range nodes {
		nodes[n].store, nodes[n].db = w.instance()
	}
	anyNode := func() node { return nodes[rand.IntN(len(nodes))] }
	told := &ledger{last: map[id.Membership]promise{}}
	var members []tenants.Membership
	for n := range 7 {
		members = append(members, w.join(fmt.Sprintf("m%d", n), rbac.Viewer))
	}
	ctx, stop := context.WithTimeout(w.ctx(), 30*time.Second)
	defer stop()
	var all sync.WaitGroup
	var changes, answers atomic.Int64
	enough := func() {
		if changes.Load() >= 60 && answers.Load() >= 100 {
			stop()
		}
	}
	roles := []rbac.Role{rbac.Viewer, rbac.Member, rbac.Admin}
	for n, m := range members { // each client has a member, whose steps are counted in their name
		all.Go(func() {
			for step := 1; ctx.Err() == nil; step++ {
				at := anyNode()
				version, err := w.change(ctx, at.store, at.db, func(_ context.Context, tx *db.TenantTx) error {
					tx.Changed("member", m.ID)
					set := "UPDATE memberships SET name = ?, role = ?, status = 'active' WHERE tenant_id = ? AND id = ?"
					if n%2 == 1 && step%2 == 1 {
						set = "UPDATE memberships SET name = ?, role = ?, status = 'suspended' WHERE tenant_id = ? AND id = ?"
					}
					return tx.DB.Exec(set, fmt.Sprint(step), roles[step%len(roles)], tx.Tenant, m.ID).Error
				})
				if err != nil {
					continue // the end, or a lock that was waited for too long
				}
				changes.Add(1)
				told.write(m.ID, promise{version, step})
			}
		})
	}
	all.Go(func() { // the eighth changes the plan, and hears of it at both instances
		for n := 0; ctx.Err() == nil; n++ {
			plan, at := billing.Plans()[n%len(billing.Plans())], anyNode()
			version, err := w.change(ctx, at.store, at.db, func(ctx context.Context, tx *db.TenantTx) error {
				_, err := tenants.SetPlan(ctx, tx, plan)
				return err
			})
			if err != nil {
				continue
			}
			changes.Add(1)
			for _, other := range nodes {
				p, err := other.store.MemberSince(ctx, w.tenant.ID, w.owner.ID, version)
				if err == nil && p.Plan != string(plan) {
					t.Errorf("after version %d the plan = %s, want %s", n, p.Plan, plan)
				}
			}
		}
	})
	for range 6 {
		all.Go(func() {
			for ctx.Err() == nil {
				m := members[rand.IntN(len(members))]
				want, ok := told.read(m.ID)
				if !ok {
					continue
				}
				p, err := anyNode().store.MemberSince(ctx, w.tenant.ID, m.ID, want.version)
				if p == nil { // only an outage may keep it from answering
					if ctx.Err() == nil && errs.As(err).Kind != errs.Unavailable {
						t.Errorf("MemberSince = %v", err)
					}
					continue
				}
				var step int
				if _, err := fmt.Sscan(p.Name, &step); err != nil || step < want.step {
					t.Errorf("promised step %d of %s, answered %q", want.step, m.ID, p.Name)
				}
				if suspended := errors.Is(err, access.ErrMemberSuspended); p.Role != string(roles[step%len(roles)]) || suspended && step%2 == 0 {
					t.Errorf("step %d of %s = %s, %v: parts of two states", step, m.ID, p.Role, err)
				}
				answers.Add(1)
				enough()
			}
		})
	}
	all.Wait()
	if changes.Load() < 20 || answers.Load() < 20 {
		t.Errorf("changes, answers = %d, %d: too few to show anything", changes.Load(), answers.Load())
	}
}

func TestSinceLooksAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, d := w.instance()
	m := w.join("ada", rbac.Viewer)
	_, cred := w.key(m, tenants.NewKey{Name: "ci", Role: rbac.Viewer})
	sid := w.session(m, "oidc")
	session, err := s.Session(t.Context(), w.tenant.ID, sid)
	must(t, err)
	key, err := s.Key(t.Context(), cred)
	must(t, err)
	version, err := w.change(w.ctx(), s, d, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SetRole(ctx, tx, m.ID, rbac.Member)
		return err
	})
	must(t, err)
	if p, err := s.Since(t.Context(), session, version); err != nil || p.Role != "member" || p.Session != sid {
		t.Errorf("Since of a session = %+v, %v, want the new role", p, err)
	}
	if p, err := s.Since(t.Context(), key, version); err != nil || p.Role != "viewer" || p.Key != key.Key {
		t.Errorf("Since of a key = %+v, %v, want its own role", p, err)
	}
	version, err = w.change(w.ctx(), s, d, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SuspendMember(ctx, tx, m.ID)
		return err
	})
	must(t, err)
	if p, err := s.Since(t.Context(), session, version); p == nil || !errors.Is(err, access.ErrMemberSuspended) {
		t.Errorf("Since of a suspended member = %v, %v, want the principal and what speaks against them", p, err)
	}
	if _, err := s.Since(t.Context(), key, version); !errors.Is(err, access.ErrKeyInvalid) {
		t.Errorf("Since of a suspended member's key = %v, want %v", err, access.ErrKeyInvalid)
	}
}

func TestVersionsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.instance()
	p, err := s.Member(t.Context(), w.tenant.ID, w.owner.ID)
	must(t, err)
	for name, version := range map[string]string{
		"none": "", "a number": "17", "garbage": "x\x00y", "another tenant's": s.VersionText(id.New[id.Tenant](), 1),
		"of a cursor": versions().Encode(page.Scope{Tenant: w.tenant.ID.String(), Query: "events"}, []string{"1"}),
		"of a future": s.VersionText(w.tenant.ID, 1_000_000),
	} {
		if _, err := s.Since(t.Context(), p, version); !errors.Is(err, access.ErrVersion) {
			t.Errorf("Since(%s) = %v, want %v", name, err, access.ErrVersion)
		}
	}
	if text := w.store().VersionText(w.tenant.ID, 1); text != "" {
		t.Errorf("VersionText without a key = %q, want none", text)
	}
}

func TestAPromiseThatCannotBeCheckedIsNoAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, d := w.instance()
	p, err := s.Member(t.Context(), w.tenant.ID, w.owner.ID)
	must(t, err)
	d.Close()
	if _, err := s.Since(t.Context(), p, s.VersionText(w.tenant.ID, 1_000)); errs.As(err).Kind != errs.Unavailable {
		t.Errorf("Since without a database = %v, want %v", err, access.ErrStale)
	}
	if _, err := s.Member(t.Context(), w.tenant.ID, w.owner.ID); err != nil {
		t.Errorf("Member from memory = %v, want an answer", err)
	}
}

// A request that is held to a version looks up others than the caller, and the tenant once more.
func TestAContextIsHeldToAVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.join("ada", rbac.Viewer)
	late := newLine(t, w.base.URL)
	cfg := w.config()
	cfg.DB, cfg.Versions, cfg.Grace = w.openAt(late.url), versions(), time.Minute
	s, _ := w.run(cfg)
	ask := func(ctx context.Context) string {
		t.Helper()
		tenant, err := s.Tenant(ctx, w.tenant.ID)
		must(t, err)
		user, err := s.User(ctx, w.tenant.ID, m.UserID)
		must(t, err)
		return say(s.Member(ctx, w.tenant.ID, m.ID)) + ", " + user.Role + ", " + string(tenant.Plan)
	}
	want(t, "before", ask(t.Context()), "viewer on team, viewer, team")
	late.listeners.Store(int64(10 * time.Second)) // nothing is heard for long, and the grace is longer
	version, err := w.change(w.ctx(), s, w.db, func(ctx context.Context, tx *db.TenantTx) error {
		if _, err := tenants.SetRole(ctx, tx, m.ID, rbac.Admin); err != nil {
			return err
		}
		_, err := tenants.SetPlan(ctx, tx, billing.Free)
		return err
	})
	must(t, err)
	want(t, "what nobody was held to", ask(t.Context()), "viewer on team, viewer, team")
	ctx, err := s.AsOf(t.Context(), w.tenant.ID, version)
	must(t, err)
	want(t, "as of the change", ask(ctx), "admin on free, admin, free")
	if _, err := s.AsOf(t.Context(), id.New[id.Tenant](), version); !errors.Is(err, access.ErrVersion) {
		t.Errorf("AsOf another tenant's version = %v, want %v", err, access.ErrVersion)
	}
}
