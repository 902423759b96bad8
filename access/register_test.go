package access_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// register is something of the database that goes through its states in turn, changed by one client and read by many.
type register struct {
	name   string
	states []string
	change func(ctx context.Context, tx *db.TenantTx, to string) error
	read   func(context.Context, *access.Store) string

	begun     atomic.Int64 // changes that were begun
	mu        sync.Mutex
	confirmed []time.Time // when each change was confirmed to its client; the first state was always there
}

// since is the last change that was confirmed before a moment.
func (r *register) since(moment time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, _ := slices.BinarySearchFunc(r.confirmed, moment, time.Time.Compare)
	return max(n-1, 0)
}

// step makes the next change.
func (r *register) step(ctx context.Context, w *world, d *db.DB) error {
	n := int(r.begun.Add(1))
	err := d.Tenant(w.ctx(), w.tenant.ID, func(tx *db.TenantTx) error { return r.change(w.ctx(), tx, r.states[n%len(r.states)]) })
	r.mu.Lock()
	r.confirmed = append(r.confirmed, time.Now())
	r.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// check asks once and says what the answer was, whether anything between what was confirmed as old as may be, and what was begun until the
// answer, explains it.
func (r *register) check(ctx context.Context, s *access.Store, old time.Duration) (got string, right bool) {
	from := r.since(time.Now().Add(-old))
	got = r.read(ctx, s)
	until := int(r.begun.Load())
	if got == "database_unavailable" || ctx.Err() != nil {
		return got, true // a refusal is no lie
	}
	for n := from; n <= until; n++ {
		if r.states[n%len(r.states)] == got {
			return got, true
		}
	}
	return got, false
}

// Clients change roles, plans and standing while others ask two instances. The instance that made a change answers by it from then on, as one
// copy of the data would; the other one does no later than a second after.
func TestNoAnswerIsOlderThanPromised(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := w.store()
	cfg := w.config()
	cfg.DB = w.open()
	there, _ := w.run(cfg)
	registers := []*register{w.planRegister()}
	for _, name := range []string{"ada", "bob", "eve", "mia"} {
		registers = append(registers, w.roleRegister(name))
	}
	for _, name := range []string{"kim", "lea", "tom"} {
		registers = append(registers, w.standingRegister(name))
	}
	for _, r := range registers {
		r.confirmed = append(r.confirmed, time.Now())
	}
	ctx, stop := context.WithTimeout(t.Context(), 4*time.Second)
	defer stop()
	var all sync.WaitGroup
	var asked atomic.Int64
	for _, r := range registers {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := r.step(ctx, w, w.db); err != nil {
					t.Errorf("change %s: %v", r.name, err)
					return
				}
				if got, right := r.check(ctx, here, 0); !right {
					t.Errorf("%s is %q for the client that has just changed it", r.name, got)
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	for n := range 8 {
		all.Go(func() {
			for i := n; ctx.Err() == nil; i++ {
				r := registers[i%len(registers)]
				s, old, where := here, time.Duration(0), "here"
				if n%2 == 1 {
					s, old, where = there, time.Second, "there"
				}
				if got, right := r.check(ctx, s, old); !right {
					t.Errorf("%s is %q %s, which is older than promised", r.name, got, where)
				}
				asked.Add(1)
				time.Sleep(100 * time.Microsecond)
			}
		})
	}
	all.Go(func() { // meanwhile the catalog changes too, and nobody is decided about without one
		for n := 0; ctx.Err() == nil; n++ {
			w.apply([]byte(product + "# " + numbered("version ", n) + "\n"))
			if d := here.Check(ctx, w.tenant.ID, w.owner.ID, rbac.MembersRead, ""); !d.Allowed && d.Clause != "database_unavailable" && ctx.Err() == nil {
				t.Errorf("while the catalog changes an owner is refused: %+v", d)
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	all.Wait()
	changes := 0
	for _, r := range registers {
		changes += int(r.begun.Load())
		last := r.states[int(r.begun.Load())%len(r.states)]
		for _, s := range []*access.Store{here, there} {
			// A busy machine may make an instance deaf, so that it refuses: it must not lie meanwhile, and hear again at some time.
			w.within(10*time.Second, r.name+" is settled", func() bool {
				got, right := r.check(t.Context(), s, time.Second)
				if !right {
					t.Errorf("%s is %q a second after the last change, want %q", r.name, got, last)
				}
				return got == last
			})
		}
	}
	t.Logf("%d changes, %d questions", changes, asked.Load())
}

func (w *world) planRegister() *register {
	return &register{
		name: "the plan", states: []string{"team", "free", "pro", "enterprise"},
		change: func(ctx context.Context, tx *db.TenantTx, to string) error {
			_, err := tenants.SetPlan(ctx, tx, billing.Plan(to))
			return err
		},
		read: func(ctx context.Context, s *access.Store) string {
			p, err := s.Member(ctx, w.tenant.ID, w.owner.ID)
			if err != nil {
				return errs.CodeOf(err)
			}
			return p.Plan
		},
	}
}

func (w *world) roleRegister(name string) *register {
	w.Helper()
	m := w.join(name, rbac.Viewer)
	sid := w.session(m, "oidc")
	return &register{
		name: name + "'s role", states: []string{"viewer", "admin", "member"},
		change: func(ctx context.Context, tx *db.TenantTx, to string) error {
			_, err := tenants.SetRole(ctx, tx, m.ID, rbac.Role(to))
			return err
		},
		read: func(ctx context.Context, s *access.Store) string {
			p, err := s.Session(ctx, w.tenant.ID, sid)
			if err != nil {
				return errs.CodeOf(err)
			}
			return p.Role
		},
	}
}

func (w *world) standingRegister(name string) *register {
	w.Helper()
	m := w.join(name, rbac.Viewer)
	return &register{
		name: name + "'s standing", states: []string{"", "member_suspended"},
		change: func(ctx context.Context, tx *db.TenantTx, to string) (err error) {
			if to == "" {
				_, err = tenants.ResumeMember(ctx, tx, m.ID)
			} else {
				_, err = tenants.SuspendMember(ctx, tx, m.ID)
			}
			return err
		},
		read: func(ctx context.Context, s *access.Store) string {
			return s.Check(ctx, w.tenant.ID, m.ID, rbac.MembersRead, "").Clause
		},
	}
}
