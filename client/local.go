package client

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What speaks against an access token beside ErrToken and ErrExpired, when somebody follows the stream.
var (
	ErrEnded       = errors.New("gatehouse: the session has ended")
	ErrOtherTenant = errors.New("gatehouse: the access token is of another tenant")
)

// Claims reads an access token of the tenant, as [Verifier.Verify] does, and refuses one whose session has ended: ErrEnded. One of another
// tenant is ErrOtherTenant. Without a fresh stream it cannot know, and the server is asked.
func (l *Local) Claims(ctx context.Context, token string) (Claims, error) {
	c, _, err := l.read(ctx, token)
	return c, err
}

// read returns the view by which it read, or nil if the server was asked.
func (l *Local) read(ctx context.Context, token string) (Claims, *view, error) {
	c, err := l.verifier.Verify(ctx, token)
	if err != nil {
		return Claims{}, nil, err
	}
	v := l.fresh()
	if v == nil {
		// Any question will do: a session that has ended gets no answer to it.
		if _, err := l.client.Check(ctx, Bearer(token), Question{Permission: "self"}); err != nil {
			return Claims{}, nil, err
		}
		return c, nil, nil
	}
	if c.Tenant != v.terms.Tenant {
		return Claims{}, nil, ErrOtherTenant
	}
	if v.ended[c.Session] {
		return Claims{}, nil, ErrEnded
	}
	return c, v, nil
}

func (l *Local) fresh() *view {
	if v := l.held.Load(); v != nil && v.fresh(time.Now()) {
		return v
	}
	return nil
}

// Check decides whether the holder of an access token may do something, as [Client.Check] does, without asking anybody: what was changed up
// to a second ago may not be noticed. It allows what the server would, and has the same clause for what it would refuse; what would be a way
// out, and an id in the log of decisions, only the server knows.
//
// When the stream is not fresh, and about names that it does not have, the server is asked. The errors are those of [Client.Check], of
// [Verifier.Verify] and of [Local.Claims]; the Decision beside one denies.
func (l *Local) Check(ctx context.Context, token string, q Question) (Decision, error) {
	if err := q.check(); err != nil {
		return Decision{}, err
	}
	if l.fresh() == nil {
		return l.client.Check(ctx, Bearer(token), q)
	}
	c, v, err := l.read(ctx, token)
	if errors.Is(err, ErrUnavailable) || err == nil && v == nil {
		return l.client.Check(ctx, Bearer(token), q)
	}
	if err != nil {
		return Decision{}, fmt.Errorf("check %s: %w", q.Permission+q.Feature, err)
	}
	clause, known := v.decide(&c, q)
	if !known {
		return l.client.Check(ctx, Bearer(token), q)
	}
	return Decision{Allowed: clause == "", Clause: clause}, nil
}

// decide returns what refuses, or nothing; known is false for a name that was not streamed.
func (v *view) decide(c *Claims, q Question) (clause string, known bool) {
	m, isMember := v.members[c.Member]
	r, hasRole := v.terms.Roles[m.Role]
	needs, isPermission := v.terms.Permissions[q.Permission]
	asked, isFeature := v.terms.Features[q.Feature]
	switch {
	case !isMember || q.Permission != "" && !isPermission || q.Feature != "" && !isFeature:
		return "", false
	case v.terms.Status != "active":
		return "tenant_suspended", true
	case m.Status == "suspended":
		return "member_suspended", true
	case m.Status != "active":
		return "no_membership", true
	case !hasRole:
		return "", false
	case !r.methods[c.Method] && v.terms.RequireSSO:
		return "sso_required", true
	case !r.methods[c.Method]:
		return "method_disabled", true
	case (q.Permission == "" || r.allowed[q.Permission]) && (q.Feature == "" || asked.Included):
		return "", true
	case q.Permission != "" && !r.holds[q.Permission]:
		return "role_lacks_permission", true
	case q.Permission != "" && v.terms.Features[needs].Off || asked.Off:
		return "feature_switched_off", true
	}
	return "feature_not_in_plan", true
}
