package why

import (
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

// role is the role, and where it is from: what a provider said, or who gave it.
func (w walk) role() ([]Step, error) {
	p := w.q.Principal
	step := Step{What: Role, Name: p.Role, Holds: true}
	if p.Kind == authn.APIKey {
		e, err := w.last(events.Filter{Type: events.KeyCreated, Target: p.Key.String()}, always)
		return []Step{Step{What: Key, Name: p.Name, Holds: true}.from(e), step}, err
	}
	e, err := w.given()
	if err != nil || e == nil {
		return []Step{step}, err
	}
	var steps []Step
	var c id.Connection
	if from := read(*e).Connection; from != "" && c.UnmarshalText([]byte(from)) == nil {
		if steps, err = w.provided(c); err != nil {
			return nil, err
		}
	}
	return append(steps, step.from(e)), nil
}

// given is the event that gave the member the role they have; nil if the newest one gave another, so that the log does not know.
func (w walk) given() (*events.Event, error) {
	var newest *events.Event
	for _, typ := range []events.Type{events.MemberJoined, events.MemberRoleChanged} {
		e, err := w.last(events.Filter{Type: typ, Target: w.q.Principal.Membership.String()}, always)
		if err != nil {
			return nil, err
		}
		if e != nil && (newest == nil || e.CreatedAt.After(newest.CreatedAt)) {
			newest = e
		}
	}
	if newest == nil {
		return nil, nil //nolint:nilnil // not known
	}
	if d := read(*newest); d.To != w.q.Principal.Role && d.Role != w.q.Principal.Role {
		return nil, nil //nolint:nilnil // not known
	}
	return newest, nil
}

// provided is the group that gives the role, and its mapping, as the provider said last and the connection maps now.
func (w walk) provided(c id.Connection) ([]Step, error) {
	said, err := sso.GroupsOf(w.ctx, w.tx, w.q.Principal.Membership, c)
	if errs.As(err).Kind == errs.Missing {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	connection, err := sso.ConnectionByID(w.ctx, w.tx, c)
	if errs.As(err).Kind == errs.Missing {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	in := map[string]bool{}
	for _, g := range said.Groups {
		in[g] = true
	}
	for _, m := range connection.GroupRoles {
		if !in[m.Group] {
			continue
		}
		if m.Role != rbac.Role(w.q.Principal.Role) {
			return nil, nil // it was mapped otherwise when the role was given
		}
		return []Step{
			{What: Group, Name: m.Group, Holds: true, Via: c.String()},
			{What: Mapping, Name: m.Group + " → " + string(m.Role), Holds: true, Via: c.String()},
		}, nil
	}
	return nil, nil
}
