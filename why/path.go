package why

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Question is what a path is the answer to.
type Question struct {
	Principal  *authn.Principal // a member or an API key, as access returns them
	Standing   error            // what speaks against them
	Permission rbac.Permission
	Feature    billing.Feature
}

// Path returns the steps of the answer, as things are now.
func Path(ctx context.Context, tx *db.TenantTx, s *access.Store, q Question) ([]Step, error) {
	t, err := s.Tenant(ctx, tx.Tenant)
	if err != nil {
		return nil, err
	}
	c, _ := s.Catalog()
	if c == nil {
		return nil, access.ErrStale
	}
	w := walk{ctx, tx, s, t, c, q, s.Now()}
	var path []Step
	for _, part := range []func() ([]Step, error){w.standing, w.role, w.permission, w.plan, w.features} {
		steps, err := part()
		if err != nil {
			return nil, err
		}
		path = append(path, steps...)
	}
	return path, nil
}

// walk is one way along the steps.
type walk struct {
	ctx context.Context //nolint:containedctx // it lives as long as the call
	tx  *db.TenantTx
	s   *access.Store
	t   *access.Tenant
	c   *catalog.Catalog
	q   Question
	now time.Time
}

// last is the newest event that f narrows down to and that is told apart by what it says; nil if there is none.
func (w walk) last(f events.Filter, is func(said) bool) (*events.Event, error) {
	const far = 200 // events are looked through, and what is older counts as not known
	list, err := events.List(w.ctx, w.tx, f, id.Event{}, far)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if is(read(e)) {
			return &e, nil
		}
	}
	return nil, nil //nolint:nilnil // not known
}

func always(said) bool { return true }

// standing is what refuses everything.
func (w walk) standing() ([]Step, error) {
	if w.q.Standing == nil {
		return nil, nil
	}
	code := errs.As(w.q.Standing).Code
	of := events.Filter{Type: events.MemberSuspended, Target: w.q.Principal.Membership.String()}
	switch code {
	case access.ErrMemberSuspended.Code:
	case access.ErrTenantSuspended.Code:
		of = events.Filter{Type: events.TenantSuspended, Target: w.tx.Tenant.String()}
	case access.ErrNoMembership.Code:
		of.Type = events.MemberRemoved
	default:
		return []Step{{What: Standing, Name: code}}, nil
	}
	e, err := w.last(of, always)
	return []Step{Step{What: Standing, Name: code}.from(e)}, err
}

// permission is whether the role has it. The plan is not asked: it has steps of its own.
func (w walk) permission() ([]Step, error) {
	if w.q.Permission == "" {
		return nil, nil
	}
	d := w.s.Decide(w.q.Principal, nil, w.q.Permission, "")
	lacks := map[string]bool{string(rbac.RoleLacksPermission): true, string(rbac.UnknownPermission): true, string(rbac.UnknownRole): true}
	return []Step{{What: Permission, Name: string(w.q.Permission), Holds: !lacks[d.Clause]}}, nil
}

// plan is the plan in force, and the trial that it is from.
func (w walk) plan() ([]Step, error) {
	bought, at := w.t.Sold.Bought(w.now), w.t.Sold.At(w.now)
	e, err := w.last(events.Filter{Type: events.PlanChanged}, always)
	if err != nil {
		return nil, err
	}
	if e != nil && read(*e).To != string(bought.Plan) {
		e = nil // a dated move that the log does not have yet
	}
	steps := []Step{Step{What: Plan, Name: string(bought.Plan), Holds: true}.from(e)}
	if at == bought {
		return steps, nil
	}
	e, err = w.last(events.Filter{Type: events.TrialStarted}, func(d said) bool { return d.Plan == string(at.Plan) })
	trial := Step{What: Trial, Name: string(at.Plan), Holds: true, Until: moment(w.t.Sold.Trial.Until)}
	return append(steps, trial.from(e)), err
}

// features are the one that the permission needs and the one that was asked for.
func (w walk) features() ([]Step, error) {
	var needed []billing.Feature
	for _, p := range w.c.Permissions() {
		if p.Name == w.q.Permission && p.Feature != "" {
			needed = append(needed, p.Feature)
		}
	}
	if w.q.Feature != "" && (len(needed) == 0 || needed[0] != w.q.Feature) {
		needed = append(needed, w.q.Feature)
	}
	var steps []Step
	for _, f := range needed {
		step := Step{What: Feature, Name: string(f), Holds: w.s.Decide(w.q.Principal, nil, "", f).Allowed}
		for _, has := range w.c.Entitled(&w.t.Sold, w.now) {
			if has.Feature == f {
				step.Via = string(has.Source)
			}
		}
		steps = append(steps, step)
		o := w.t.Sold.Override(f, w.now)
		if o == nil {
			continue
		}
		e, err := w.last(events.Filter{Type: events.OverrideSet}, func(d said) bool { return d.Feature == string(f) })
		if err != nil {
			return nil, err
		}
		steps = append(steps, Step{What: Override, Name: string(f), Holds: o.On, Until: moment(o.Expires)}.from(e))
	}
	return steps, nil
}
