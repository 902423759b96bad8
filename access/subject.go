package access

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Member returns a member as a principal without a session, for questions that somebody else asks about them. As with Session, an error
// of kind Forbidden says what speaks against them; one that names nobody of the tenant is ErrNoMembership, without a principal. The
// sign-in policy does not speak here: it is about a session, and there is none.
func (s *Store) Member(ctx context.Context, tenant id.Tenant, membership id.Membership) (*authn.Principal, error) {
	return current(ctx, s, tenant, func(p proof) (*authn.Principal, error) { return s.subject(ctx, p, tenant, membership) })
}

// User is Member by the id of the person. It costs a statement each time: memberships are held by their own id.
func (s *Store) User(ctx context.Context, tenant id.Tenant, user id.User) (*authn.Principal, error) {
	var found []id.Membership
	err := s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		// The pair is unique, and a membership is removed but never deleted, so what is found cannot become another's.
		err := tx.DB.Raw("SELECT id FROM memberships WHERE tenant_id = ? AND user_id = ?", tenant, user).Scan(&found).Error
		if err != nil {
			return fmt.Errorf("find the user's membership: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, ErrNoMembership
	}
	return s.Member(ctx, tenant, found[0])
}

func (s *Store) subject(ctx context.Context, known proof, tenant id.Tenant, membership id.Membership) (*authn.Principal, error) {
	t, err := s.tenant(ctx, known, tenant)
	if errs.As(err).Kind == errs.Missing {
		return nil, ErrNoMembership.Because(err)
	}
	if err != nil {
		return nil, err
	}
	m, err := s.member(ctx, known, tenant, membership)
	if err != nil {
		return nil, err
	}
	p := &authn.Principal{
		Kind: authn.Member, Tenant: tenant, Membership: membership, Role: string(m.role), Plan: string(t.plan(s.Now())), Email: m.email, Name: m.name,
		Held: t,
	}
	return p, presence(t, &m)
}
