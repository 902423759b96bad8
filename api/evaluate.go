package api

import (
	"context"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// evaluatedBy is the context of a decision.
type evaluatedBy struct {
	ID         id.Decision       `json:"id"`
	Clause     string            `json:"clause,omitempty" doc:"What refused"`
	NeedsRole  string            `json:"needs_role,omitempty" doc:"The lowest role that would allow"`
	NeedsPlan  string            `json:"needs_plan,omitempty" doc:"The lowest plan that would allow"`
	Limit      *int64            `json:"limit,omitempty" doc:"How much the tenant has of the feature, if a quantity was asked for and there is an end to it"`
	ReasonUser map[string]string `json:"reason_user,omitempty" doc:"For the subject, by language"`
}

// evaluator answers the evaluations of one request. Each subject is looked up once, so that all answers about it agree.
type evaluator struct {
	*API
	ctx      context.Context //nolint:containedctx // it lives as long as the request
	caller   *authn.Principal
	standing error
	known    map[named]asked
}

// named is a subject as the request names it, and the version that it is asked as of; "" for none.
type named struct{ kind, id, since string }

// asked is a subject, and what speaks against it.
type asked struct {
	principal *authn.Principal
	standing  error
}

func (a *API) evaluator(ctx context.Context) *evaluator {
	return &evaluator{a, ctx, authn.From(ctx), web.Standing(ctx), map[named]asked{}}
}

func (e *evaluator) evaluate(in evaluationIn) (evaluationOut, error) {
	since, err := in.since()
	if err != nil {
		return evaluationOut{}, err
	}
	quantity, err := in.quantity()
	if err != nil {
		return evaluationOut{}, err
	}
	of, err := e.subject(named{in.Subject.Type, in.Subject.ID, since})
	if err != nil {
		return evaluationOut{}, err
	}
	var feature billing.Feature
	if in.Resource.Type == resourceFeature {
		feature = billing.Feature(in.Resource.ID)
	}
	d := e.Access.Ask(of.principal, of.standing, access.Question{
		Permission: rbac.Permission(in.Action.Name), Feature: feature, Quantity: quantity, Route: web.RouteOf(e.ctx), Tenant: e.caller.Tenant,
	})
	out := evaluationOut{d.Allowed, &evaluatedBy{ID: d.ID, Clause: d.Clause, NeedsRole: d.NeedsRole, NeedsPlan: d.NeedsPlan, Limit: d.Limit}}
	if d.Message != "" {
		out.Context.ReasonUser = map[string]string{"en": d.Message}
	}
	return out, nil
}

// subject finds out who is meant. An error refuses the whole request; what speaks against a subject is an answer about it.
func (e *evaluator) subject(n named) (asked, error) {
	if e.asksAboutItself(n) {
		if n.since == "" {
			return asked{e.caller, e.standing}, nil
		}
		p, standing, err := e.API.caller(e.ctx, n.since)
		return asked{p, standing}, err
	}
	// Who may not list the members learns nothing about them here: not even whether an id names one.
	if e.standing != nil { // the row lets them in, to hear about themselves
		return asked{}, e.standing
	}
	if d := e.Access.Ask(e.caller, nil, access.Question{Permission: rbac.MembersRead, Route: web.RouteOf(e.ctx)}); !d.Allowed {
		return asked{}, d.Err()
	}
	if of, ok := e.known[n]; ok {
		return of, nil
	}
	p, err := e.lookUp(n)
	if err != nil && errs.As(err).Kind != errs.Forbidden {
		return asked{}, err
	}
	e.known[n] = asked{p, err}
	return e.known[n], nil
}

func (e *evaluator) asksAboutItself(n named) bool {
	n.since = ""
	switch e.caller.Kind { //nolint:exhaustive // nobody else asks
	case authn.Member:
		return n == named{"user", e.caller.User.String(), ""} || n == named{"member", e.caller.Membership.String(), ""}
	case authn.APIKey:
		return n == named{"api_key", e.caller.Key.String(), ""}
	}
	return false
}

// lookUp returns no principal for a subject that is nobody of the caller's tenant.
func (e *evaluator) lookUp(n named) (*authn.Principal, error) {
	switch n.kind {
	case "member":
		var m id.Membership
		switch err := m.UnmarshalText([]byte(n.id)); {
		case err == nil && n.since != "":
			return e.Access.MemberSince(e.ctx, e.caller.Tenant, m, n.since)
		case err == nil:
			return e.Access.Member(e.ctx, e.caller.Tenant, m)
		}
	case "user":
		var u id.User
		switch err := u.UnmarshalText([]byte(n.id)); {
		case err == nil && n.since != "":
			return e.Access.UserSince(e.ctx, e.caller.Tenant, u, n.since)
		case err == nil:
			return e.Access.User(e.ctx, e.caller.Tenant, u)
		}
	}
	return nil, nil //nolint:nilnil // nobody is not an error here
}
