package access

import (
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/quota"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// The clauses of a meter.
const (
	QuotaExceeded rbac.Clause = "quota_exceeded" // a budget of the meter has less left than the call may use
	UnknownMeter  rbac.Clause = "unknown_meter"  // no catalog can say how much of it there is
)

// NoMeter is the decision about a meter that the catalog does not have.
func (s *Store) NoMeter(p *authn.Principal, q Question) Decision {
	return s.refuse(p, q, catalog.Verdict{Clause: UnknownMeter}, "There is no such meter in the catalog.")
}

// OverQuota is the decision that refuses a use because of a budget, in the log as any other refusal. The feature of the question is the meter.
func (s *Store) OverQuota(p *authn.Principal, q Question, terms *quota.Terms, of quota.Decision) Decision {
	v := catalog.Verdict{Clause: QuotaExceeded}
	if !of.ByPlan {
		return s.refuse(p, q, v, "A budget that your organization has set is used up.")
	}
	now := s.Now()
	if held := s.decisive(); held != nil {
		used := of.Used
		if terms.Meter.Aggregation == billing.Max {
			used = 0 // nothing of it is used up
		}
		v.NeedsPlan = s.held(p).enough(held.catalog, Question{Feature: q.Feature, Quantity: used + q.Quantity}, now)
	}
	message := "Your organization has used what its plan has of this."
	if v.NeedsPlan != "" {
		message += " The plan " + string(v.NeedsPlan) + " has more."
	}
	return s.refuse(p, q, v, message)
}

// refuse makes a refusal that no table decides, and notes it.
func (s *Store) refuse(p *authn.Principal, q Question, v catalog.Verdict, message string) Decision {
	now := s.Now()
	_, from := s.Catalog()
	d := Decision{ID: id.At[id.Decision](now), Clause: string(v.Clause), NeedsPlan: string(v.NeedsPlan), Message: message}
	if !s.decisions.Wants(false) {
		return d
	}
	q.Tenant, q.Permission, q.Feature = p.Tenant, cloned(q.Permission), cloned(q.Feature)
	s.note(d.ID, now, q, subject{p.Membership, p.Key, rbac.Role(p.Role), billing.Plan(p.Plan)}, v, basis{tenant: s.held(p).Version, catalog: from})
	return d
}
