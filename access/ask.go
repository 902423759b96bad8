package access

import (
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/decisions"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Question is what may be asked about somebody. Either of permission and feature may be empty.
type Question struct {
	Permission rbac.Permission
	Feature    billing.Feature
	Quantity   int64     // of a numeric feature: how much there would be of it in all; 0 asks for any
	Route      string    // where it is asked, for the log
	Tenant     id.Tenant // in whose log the answer is, if it is about nobody
}

// basis is what a decision was made from.
type basis struct {
	tenant, catalog int64
	held            *catalog.Catalog
}

// Ask is Decide for what is then done or left: a refusal goes to the log of decisions, and so does an approval if chance wants it. It
// waits for nothing.
func (s *Store) Ask(p *authn.Principal, standing error, q Question) Decision {
	now := s.Now()
	d, from := s.decide(p, standing, q, now)
	if q.Permission == rbac.Self && d.Allowed || !s.decisions.Wants(d.Allowed) {
		return d // that somebody may use what is their own tells nothing
	}
	var who authn.Principal
	if p != nil {
		who, q.Tenant = *p, p.Tenant
	}
	// What was asked may be part of a request's body, which must not stay in memory with it.
	q.Permission, q.Feature = cloned(q.Permission), cloned(q.Feature)
	v := catalog.Verdict{
		Allowed: d.Allowed, Clause: rbac.Clause(d.Clause), NeedsRole: rbac.Role(d.NeedsRole), NeedsPlan: billing.Plan(d.NeedsPlan),
	}
	s.note(d.ID, now, q, subject{who.Membership, who.Key, rbac.Role(who.Role), billing.Plan(who.Plan)}, v, from)
	return d
}

func cloned[T ~string](name T) T {
	return T(strings.Clone(string(name[:min(len(name), decisions.Longest)])))
}

// subject is whom a decision is about, as the log has it.
type subject struct {
	member id.Membership
	key    id.Key
	role   rbac.Role
	plan   billing.Plan
}

func (s *Store) note(which id.Decision, at time.Time, q Question, of subject, v catalog.Verdict, from basis) {
	s.decisions.Note(q.Tenant, &decisions.Decision{
		ID: which, At: at, MemberID: of.member, KeyID: of.key, Role: string(of.role), Plan: string(of.plan), Permission: string(q.Permission),
		Feature: string(q.Feature), Quantity: q.Quantity, Route: q.Route, Allowed: v.Allowed, Clause: string(v.Clause), NeedsRole: string(v.NeedsRole),
		NeedsPlan: string(v.NeedsPlan), TenantVersion: from.tenant, CatalogVersion: from.catalog,
	})
}
