package tenants_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// seated makes versions of plans that have seats: 2 of free, 3 of team, no limit of enterprise, and none named by pro.
func (w *world) seated() {
	w.Helper()
	w.exec(`INSERT INTO plan_versions (plan, version, terms, catalog_version, created_at)
		SELECT plan, 1, terms::jsonb, 1, now() FROM (VALUES ('free', '{"features": ["seats"], "numbers": {"seats": 2}}'), ('pro', '{"features": []}'),
		('team', '{"features": ["seats"], "numbers": {"seats": 3}}'), ('enterprise', '{"features": ["seats"], "numbers": {"seats": "unlimited"}}')) AS v (plan, terms)`)
}

func (c *company) active() int {
	c.Helper()
	n, err := query[int](c.world, "SELECT count(*)::int FROM memberships WHERE tenant_id = $1 AND status = 'active'", c.tenant.ID.UUID())
	if err != nil || len(n) != 1 {
		c.Fatalf("count members: %v, %v", n, err)
	}
	return n[0]
}

// joinNew lets somebody in who is new, and says why not.
func (c *company) joinNew(n int) error {
	ctx := authn.AsSystem(c.Context())
	return c.db.Admit(ctx, c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		user, err := tenants.NewUser(ctx, sys)
		if err != nil {
			return err
		}
		_, err = tenants.Join(ctx, tx, user, rbac.Member, tenants.Profile{Email: fmt.Sprintf("person%d@acme.example", n)}, tenants.SourceJIT)
		return err
	})
}

func TestXT_23_TheLastSeatIsTakenOnce(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.seated()
	c.join("first", rbac.Member) // beside the owner: one of three is left
	joins := make([]func() error, 50)
	for i := range joins {
		joins[i] = func() error { return c.joinNew(i) }
	}
	results := race(joins...)
	for _, err := range results {
		if err != nil && !cmp.Equal(err.Error(), tenants.ErrNoSeat.Error()) {
			t.Errorf("Join = %v, want success or %v", err, tenants.ErrNoSeat)
		}
	}
	if n := succeeded(results); n != 1 || c.active() != 3 {
		t.Errorf("%d of 50 joined and %d are active, want one more on 3 seats", n, c.active())
	}
}

func TestINV_13_InvitationsOverbookNoSeats(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.seated()
	c.join("first", rbac.Member)
	ctx := c.as(c.owner)
	accepts := make([]func() error, 4)
	for i := range accepts { // more are invited than there is room for: whoever comes first has it
		invited, _ := c.invite(ctx, fmt.Sprintf("guest%d@acme.example", i), rbac.Member)
		accepts[i] = func() error {
			ctx := authn.AsSystem(c.Context())
			return c.db.Admit(ctx, c.tenant.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
				user, err := tenants.NewUser(ctx, sys)
				if err != nil {
					return err
				}
				m, err := tenants.Join(ctx, tx, user, rbac.Member, tenants.Profile{Email: invited.Email}, tenants.SourceInvitation)
				if err != nil {
					return err
				}
				return tenants.AcceptInvitation(ctx, tx, invited.ID, m)
			})
		}
	}
	results := race(accepts...)
	if n := succeeded(results); n != 1 || c.active() != 3 {
		t.Errorf("%d of 4 accepted and %d are active, want one more on 3 seats: %v", n, c.active(), results)
	}
	left, err := query[int](c.world, "SELECT count(*)::int FROM invitations WHERE accepted_at IS NULL AND tenant_id = $1", c.tenant.ID.UUID())
	if err != nil || left[0] != 3 {
		t.Errorf("invitations that wait = %v, %v, want the 3 that can be accepted once there is room", left, err)
	}
}

func TestWhoBecomesActiveAgainTakesASeat(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.seated()
	gone, idle := c.join("gone", rbac.Member), c.join("idle", rbac.Member)
	ctx := c.as(c.owner)
	c.must(ctx, "suspend", func(tx *db.TenantTx) error { _, err := tenants.SuspendMember(ctx, tx, idle.ID); return err })
	c.must(ctx, "remove", func(tx *db.TenantTx) error { return tenants.RemoveMember(ctx, tx, gone.ID) })
	if err := c.joinNew(1); err != nil {
		t.Fatalf("Join on a seat that a suspension has freed = %v", err)
	}
	if err := c.joinNew(2); err != nil {
		t.Fatalf("Join on a seat that a removal has freed = %v", err)
	}
	c.refuse(ctx, "ResumeMember without a seat", tenants.ErrNoSeat, func(tx *db.TenantTx) error {
		_, err := tenants.ResumeMember(ctx, tx, idle.ID)
		return err
	})
	system := authn.AsSystem(c.Context())
	c.refuse(system, "Reinstate without a seat", tenants.ErrNoSeat, func(tx *db.TenantTx) error {
		was, err := tenants.MemberByUser(ctx, tx, gone.UserID)
		if err != nil {
			return err
		}
		_, err = tenants.Reinstate(system, tx, was, rbac.Member, tenants.Profile{Email: was.Email})
		return err
	})
	c.must(ctx, "change a role on full seats", func(tx *db.TenantTx) error {
		_, err := tenants.SetRole(ctx, tx, c.owner.ID, rbac.Owner)
		return err
	})
}

func TestSeatsAreThoseOfTheMoment(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.seated()
	ctx := c.operator()
	c.join("first", rbac.Member)
	move := func(plan billing.Plan) {
		c.must(ctx, "move to "+string(plan), func(tx *db.TenantTx) error {
			_, err := tenants.SetPlan(ctx, tx, plan)
			return err
		})
	}
	joins := 0
	try := func(why string, want error) {
		t.Helper()
		joins++
		if err := c.joinNew(joins); (err == nil) != (want == nil) || err != nil && err.Error() != want.Error() {
			t.Errorf("Join %s = %v, want %v", why, err, want)
		}
	}
	override := func(n int64) {
		c.must(ctx, "override", func(tx *db.TenantTx) error {
			_, err := tenants.SetOverride(ctx, tx, builtin(t), tenants.Override{
				Override: billing.Override{Feature: tenants.Seats, Number: &billing.Number{Value: n}, Expires: tx.Now.Add(time.Hour)}, Reason: "agreed",
			})
			return err
		})
	}
	try("on the third seat", nil)
	try("on a fourth", tenants.ErrNoSeat)
	override(4)
	try("by an override", nil)
	try("beyond an override", tenants.ErrNoSeat)
	c.sleep(2 * time.Hour)
	try("after the override, with more members than seats", tenants.ErrNoSeat)
	c.must(ctx, "lend enterprise", func(tx *db.TenantTx) error {
		_, err := tenants.StartTrial(ctx, tx, billing.Pin{Plan: billing.Enterprise}, tx.Now.Add(time.Hour))
		return err
	})
	try("by a trial without a limit", nil)
	c.sleep(2 * time.Hour)
	try("after the trial", tenants.ErrNoSeat)
	move(billing.Pro)
	try("on a plan that names no seats", nil)
	move(billing.Free)
	try("on a smaller plan", tenants.ErrNoSeat)
	if n := c.active(); n != 6 {
		t.Errorf("active members = %d, want the 6 who were there before the smaller plan", n)
	}
}
