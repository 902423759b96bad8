package apitest

import (
	"context"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Agent is the user agent of clients, and of the device that sessions belong to.
const Agent = "apitest"

// Session is a signed-in member.
type Session struct {
	sessions.Issued
	Member tenants.Membership
}

// Session signs in the tenant's member with a role, without a provider.
func (s *Server) Session(tb testing.TB, t *Tenant, role rbac.Role, changes ...func(*sessions.Start)) *Session {
	tb.Helper()
	return s.SessionOf(tb, t, t.Members[role], changes...)
}

// SessionOf signs in any member of the tenant. A change may say how they were proven; without one it was by Google, a moment ago.
func (s *Server) SessionOf(tb testing.TB, t *Tenant, m tenants.Membership, changes ...func(*sessions.Start)) *Session {
	tb.Helper()
	ctx := authn.WithOrigin(authn.AsOperator(tb.Context()), authn.Origin{UserAgent: Agent, Address: "192.0.2.1"})
	made := &Session{Member: m}
	must(tb, s.Scope.Admit(ctx, t.ID, func(sys *db.SystemTx, tx *db.TenantTx) error {
		tenant, policy, err := tenants.Current(ctx, tx)
		if err != nil {
			return err
		}
		start := sessions.Start{
			Tenant: tenant, Policy: policy, Membership: m, Method: "google", Connection: id.Google, Issuer: s.Google.URL(),
			Subject: m.ID.String(), AuthTime: tx.Now,
		}
		for _, change := range changes {
			change(&start)
		}
		if err := known(sys, start); err != nil {
			return err
		}
		made.Issued, err = s.sessions.Start(ctx, tx, start)
		return err
	}))
	return made
}

// known links what a session was proven with, as a sign-in would have found it. An identity over a connection that is none is left out.
func known(sys *db.SystemTx, start sessions.Start) error {
	return sys.DB.Exec(`INSERT INTO identities (id, user_id, connection_id, issuer, subject, email, created_at)
		SELECT ?, ?, id, ?, ?, ?, ? FROM connection_directory WHERE id = ? ON CONFLICT DO NOTHING`, id.New[id.Identity](),
		start.Membership.UserID, start.Issuer, start.Subject, start.Membership.Email, sys.Now, start.Connection).Error
}

// SignedInAgo makes a session whose person was proven some time ago.
func SignedInAgo(d time.Duration) func(*sessions.Start) {
	return func(s *sessions.Start) { s.AuthTime = s.AuthTime.Add(-d) }
}

// Key is an API key.
type Key struct {
	ID     id.Key
	Secret string
}

// APIKey makes a key with a role, as the tenant's owner would.
func (s *Server) APIKey(tb testing.TB, t *Tenant, role rbac.Role, changes ...func(*tenants.NewKey)) Key {
	tb.Helper()
	in := tenants.NewKey{Name: "for a test", Role: role}
	for _, change := range changes {
		change(&in)
	}
	owner := t.Members[rbac.Owner]
	ctx := authn.With(tb.Context(), &authn.Principal{
		Kind: authn.Member, Tenant: t.ID, User: owner.UserID, Membership: owner.ID, Role: string(rbac.Owner), Plan: string(t.Plan),
	})
	var made Key
	must(tb, s.Scope.Tenant(ctx, t.ID, func(tx *db.TenantTx) error {
		k, credential, err := s.Keys.Create(ctx, tx, in)
		made = Key{k.ID, credential.String()}
		return err
	}))
	return made
}

// Identity gives a person a way to sign in over a connection, as if they had used it.
func (s *Server) Identity(tb testing.TB, m tenants.Membership, over id.Connection, issuer string) id.Identity {
	tb.Helper()
	made := id.New[id.Identity]()
	must(tb, s.Scope.System(tb.Context(), func(tx *db.SystemTx) error {
		return tx.DB.Exec(`INSERT INTO identities (id, user_id, connection_id, issuer, subject, email, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			made, m.UserID, over, issuer, made.String(), m.Email, tx.Now).Error
	}))
	return made
}

// Link makes a one-time sign-in link for a member: the token that /login/link reads.
func (s *Server) Link(tb testing.TB, t *Tenant, m tenants.Membership) string {
	tb.Helper()
	var token string
	t.Within(tb, func(ctx context.Context, tx *db.TenantTx) error {
		credential, err := tenants.IssueLink(ctx, tx, m, time.Hour)
		token = credential.String()
		return err
	})
	return token
}
