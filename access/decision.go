package access

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Decision is the answer to "may they?". The zero value denies.
type Decision struct {
	Allowed   bool        `json:"allowed"`
	ID        id.Decision `json:"decision_id"`
	Clause    string      `json:"clause,omitempty"`     // what refused
	NeedsRole string      `json:"needs_role,omitempty"` // the lowest role that would allow
	NeedsPlan string      `json:"needs_plan,omitempty"` // the lowest plan that would allow
	Message   string      `json:"message,omitempty"`    // for a person
	Limit     *int64      `json:"limit,omitempty"`      // how much the tenant has, if a quantity was asked for and there is an end to it
}

// Decide answers for a principal whom Session or Key returned, with the error that came with it. It leaves nothing in the log: it is for
// what to show, where a refusal is no event. What decides whether something is done asks by Ask.
func (s *Store) Decide(p *authn.Principal, standing error, permission rbac.Permission, feature billing.Feature) Decision {
	d, _ := s.decide(p, standing, Question{Permission: permission, Feature: feature}, s.Now())
	return d
}

func (s *Store) decide(p *authn.Principal, standing error, q Question, now time.Time) (Decision, basis) {
	d := Decision{ID: id.At[id.Decision](now)}
	if standing != nil {
		e := errs.As(standing)
		d.Clause, d.Message = e.Code, e.Detail
		return d, basis{}
	}
	if p == nil {
		d.Clause, d.Message = ErrNoMembership.Code, ErrNoMembership.Detail
		return d, basis{}
	}
	t := s.held(p)
	v, from := s.judge(t, rbac.Role(p.Role), q.Permission, q.Feature, now)
	if q.Quantity > 0 && from.held != nil {
		d.Limit = t.measure(from.held, q, &v, now)
	}
	return d.by(v), from
}

// judge asks the compiled table.
func (s *Store) judge(
	t *Tenant, role rbac.Role, permission rbac.Permission, feature billing.Feature, now time.Time,
) (catalog.Verdict, basis) {
	held := s.decisive()
	if held == nil {
		return catalog.Verdict{Clause: noCatalog}, basis{tenant: t.Version}
	}
	v := t.decide(held.catalog, role, permission, feature, now)
	s.recheck(held, t, role, permission, feature, now, v.Allowed)
	return v, basis{t.Version, held.version, held.catalog}
}

// by is the decision that a verdict is.
func (d Decision) by(v catalog.Verdict) Decision {
	d.Allowed, d.Clause, d.NeedsRole, d.NeedsPlan = v.Allowed, string(v.Clause), string(v.NeedsRole), string(v.NeedsPlan)
	if !v.Allowed {
		d.Message = explain(v.Clause, d)
	}
	return d
}

// Require is Decide as an error: nil, or one of kind Forbidden with the clause as its code.
func (s *Store) Require(_ context.Context, p *authn.Principal, permission rbac.Permission, feature billing.Feature) error {
	d := s.Ask(p, nil, Question{Permission: permission, Feature: feature})
	if d.Allowed {
		return nil
	}
	return d.Err()
}

// noCatalog is the clause of a decision that nothing could be decided from.
const (
	noCatalog        = "no_catalog"
	noCatalogMessage = "The catalog in force cannot be read. Try again."
)

// Undecided says that nothing was decided: the catalog or the database could not be read. Nothing is allowed by it.
func (d Decision) Undecided() bool {
	return !d.Allowed && (d.Clause == noCatalog || d.Clause == ErrStale.Code || d.Clause == "internal")
}

// Err is the refusal as an error.
func (d Decision) Err() error {
	kind := errs.Forbidden
	if d.Undecided() {
		kind = errs.Unavailable
	}
	e := errs.New(kind, d.Clause, d.Message).With("decision_id", d.ID.String())
	if d.NeedsRole != "" {
		e = e.With("needs_role", d.NeedsRole)
	}
	if d.NeedsPlan != "" {
		e = e.With("needs_plan", d.NeedsPlan)
	}
	return e
}

func explain(c rbac.Clause, d Decision) string {
	switch c {
	case noCatalog:
		return noCatalogMessage
	case rbac.RoleLacksPermission:
		if d.NeedsRole == "" {
			return "No role has this permission."
		}
		return "Your role does not allow this. It needs the role " + d.NeedsRole + " or higher."
	case QuantityExceedsPlan:
		if d.NeedsPlan == "" {
			return "Your organization does not have that much of this, and no plan would change that."
		}
		return "Your organization's plan does not have that much of this. It needs the plan " + d.NeedsPlan + " or higher."
	case FeatureNotNumeric:
		return "This feature has no number, so there is no quantity of it."
	case rbac.FeatureSwitchedOff:
		return "This is switched off for your organization."
	case rbac.FeatureNotInPlan:
		if d.NeedsPlan == "" {
			return "No plan includes this."
		}
		return "Your organization's plan does not include this. It needs the plan " + d.NeedsPlan + " or higher."
	case rbac.UnknownPermission:
		return "There is no such permission in the catalog."
	case rbac.UnknownFeature:
		return "There is no such feature in the catalog."
	case rbac.UnknownRole:
		return "There is no such role any more. Somebody has to give you another."
	case rbac.UnknownTier:
		return "The catalog does not know this plan."
	default:
		return "This is not allowed."
	}
}
