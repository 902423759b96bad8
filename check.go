package gatehouse

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Decision is the answer of [Gatehouse.Check]. The zero value denies.
type Decision struct {
	Allowed   bool
	ID        string
	Clause    string // what refused
	NeedsRole string // the lowest role that would allow
	NeedsPlan string // the lowest plan that would allow
	Message   string // for a person
}

// ErrUnavailable says that it cannot be decided now, and therefore nothing is allowed.
var ErrUnavailable = errors.New("gatehouse: it cannot be decided now")

// Check asks whether a member may do something, in code that is no handler: a job, a message from a queue, a consumer of a socket. Tenant
// and member are ids with their prefix, as [CallerOf] gives them; either of permission and feature may be empty. It asks about the member
// alone: that they have a session, and which sign-in the tenant demands, was for the handler to know.
//
// An API key is no member: ask for those in the handler. A refusal is no error. The errors are those of ids that cannot be read, and ErrUnavailable; the Decision beside an error denies.
func (g *Gatehouse) Check(ctx context.Context, tenant, member, permission, feature string) (Decision, error) {
	var t id.Tenant
	if err := t.UnmarshalText([]byte(tenant)); err != nil || t.IsZero() {
		return Decision{}, fmt.Errorf("gatehouse: %q is no tenant's id", tenant)
	}
	var m id.Membership
	if err := m.UnmarshalText([]byte(member)); err != nil || m.IsZero() {
		return Decision{}, fmt.Errorf("gatehouse: %q is no member's id", member)
	}
	d := g.access.Check(ctx, t, m, rbac.Permission(permission), billing.Feature(feature))
	if d.Undecided() {
		return Decision{}, fmt.Errorf("%w: %s", ErrUnavailable, d.Clause)
	}
	return Decision{d.Allowed, d.ID.String(), d.Clause, d.NeedsRole, d.NeedsPlan, d.Message}, nil
}
