package sso

import (
	"context"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/jobs"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Invite asks somebody to join, by a mail with a one-time link that nobody else sees.
func (s *SignIn) Invite(ctx context.Context, tx *db.TenantTx, in tenants.NewInvitation) (tenants.Invitation, error) {
	i, cred, err := tenants.Invite(ctx, tx, in)
	if err != nil {
		return i, err
	}
	return i, s.mailInvitation(ctx, tx, i, cred)
}

// InviteAgain mails a new link, by which the old one stops working.
func (s *SignIn) InviteAgain(ctx context.Context, tx *db.TenantTx, which id.Invitation) (tenants.Invitation, error) {
	i, cred, err := tenants.Resend(ctx, tx, which)
	if err != nil {
		return i, err
	}
	return i, s.mailInvitation(ctx, tx, i, cred)
}

func (s *SignIn) mailInvitation(ctx context.Context, tx *db.TenantTx, i tenants.Invitation, cred secret.Credential) error {
	t, _, err := tenants.Current(ctx, tx)
	if err != nil {
		return err
	}
	asks := "You are invited"
	if p := authn.From(ctx); p.Kind == authn.Member {
		asks = plain(or(p.Name, p.Email)) + " invites you"
	}
	role, err := tenants.RoleName(ctx, tx, i.Role)
	if err != nil {
		return err
	}
	m, err := mail.Letter{
		Subject:    "Invitation to " + plain(t.Name),
		Paragraphs: []string{asks + " to join " + plain(t.Name) + " as " + plain(role) + "."},
		// Behind the # no server, proxy or log sees it.
		Action: mail.Action{Label: "Accept the invitation", URL: s.base + "/login/invitation#" + cred.String()},
		Note:   "The link works once and for seven days. If you did not expect it, ignore this message.",
	}.Message(i.Email)
	if err != nil {
		return err
	}
	return jobs.EnqueueMail(ctx, tx, s.keyring, "invitation", m)
}

// Welcome is what an invitation opens: where to, as what, and the ways in which the invited address can be proven.
type Welcome struct {
	Slug, Tenant string
	Email        string
	Role         rbac.Role
	RoleName     string // what people call it
	Connections  []Door
	Google       bool
	// Link says that the link itself is proof enough: the address has no provider, and the tenant's policy takes links.
	Link bool
}

// OpenInvitation looks at an invitation, which stays as it is. Whatever is wrong with it is tenants.ErrInvitationUnusable; an address for
// which there is no way in is sso_required.
func (s *SignIn) OpenInvitation(ctx context.Context, cred secret.Credential) (w Welcome, err error) {
	err = s.db.Tenant(ctx, tenantOfInvitation(cred), func(tx *db.TenantTx) error {
		w, _, err = s.welcome(ctx, tx, cred)
		return err
	})
	return w, err
}

// tenantOfInvitation is the installation, which has no invitations, for a credential that names no tenant.
func tenantOfInvitation(cred secret.Credential) id.Tenant {
	if t := id.From[id.Tenant](cred.Tenant); !t.IsZero() {
		return t
	}
	return id.Installation
}

func (s *SignIn) welcome(ctx context.Context, tx *db.TenantTx, cred secret.Credential) (Welcome, tenants.Invitation, error) {
	i, err := tenants.OpenInvitation(ctx, tx, cred)
	if err != nil {
		return Welcome{}, i, err
	}
	t, policy, err := tenants.Current(ctx, tx)
	if errs.As(err).Kind == errs.Missing || err == nil && t.Status != tenants.StatusActive {
		return Welcome{}, i, tenants.ErrInvitationUnusable
	}
	if err != nil {
		return Welcome{}, i, err
	}
	w := Welcome{Slug: t.Slug, Tenant: t.Name, Email: i.Email, Role: i.Role}
	if w.RoleName, err = tenants.RoleName(ctx, tx, i.Role); err != nil {
		return Welcome{}, i, err
	}
	email, err := tenants.ParseEmail(i.Email)
	if err != nil {
		return Welcome{}, i, err
	}
	ways, err := waysOf(ctx, tx, email)
	if err != nil {
		return Welcome{}, i, err
	}
	if ways.ours { // of other addresses the tenant's own providers can say nothing
		for _, c := range ways.to() {
			w.Connections = append(w.Connections, Door{c.ID, c.Name})
		}
	}
	w.Google = s.google != nil && policy.Allows(MethodGoogle, "")
	w.Link = len(w.Connections) == 0 && policy.Allows(MethodLink, i.Role)
	if len(w.Connections) == 0 && !w.Google && !w.Link {
		return Welcome{}, i, Refuse(SSORequired)
	}
	return w, i, nil
}

// BeginInvited starts the sign-in that accepts an invitation, over one of the ways that OpenInvitation names. The invitation is accepted
// when the person comes back and has proven its address.
func (s *SignIn) BeginInvited(ctx context.Context, cred secret.Credential, c id.Connection) (Redirect, error) {
	tenant := tenantOfInvitation(cred)
	var i tenants.Invitation
	err := s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		w, found, err := s.welcome(ctx, tx, cred)
		if err != nil {
			return err
		}
		i = found
		if !w.leadsOver(c) {
			return errs.NotFound("connection")
		}
		return nil
	})
	if err != nil {
		return Redirect{}, err
	}
	return s.begin(ctx, starting{
		tenant: tenant, hint: i.Email, record: Record{Purpose: ForSignIn, ConnectionID: c, InvitationID: i.ID},
	})
}

func (w Welcome) leadsOver(c id.Connection) bool {
	if c == id.Google {
		return w.Google
	}
	for _, d := range w.Connections {
		if d.ID == c {
			return true
		}
	}
	return false
}

// AcceptByLink makes a new person a member by the link alone, which was mailed to their address, and signs them in.
func (s *SignIn) AcceptByLink(ctx context.Context, cred secret.Credential) (Result, error) {
	result := Result{Purpose: ForSignIn}
	err := s.db.Admit(ctx, tenantOfInvitation(cred), func(sys *db.SystemTx, tx *db.TenantTx) error {
		w, i, err := s.welcome(ctx, tx, cred)
		if err != nil {
			return err
		}
		if !w.Link {
			return Refuse(SSORequired)
		}
		t, policy, err := gate(ctx, tx, id.Connection{})
		if err != nil {
			return err
		}
		m, err := joinInvited(ctx, sys, tx, i)
		if err != nil {
			return err
		}
		result.Issued, err = s.sessions.Start(ctx, tx, sessions.Start{Tenant: t, Policy: policy, Membership: m, Method: MethodLink})
		if err != nil {
			return err
		}
		return events.Record(as(ctx, m), tx, events.SignInSucceeded, m.ID, events.Data{
			"method": MethodLink, "session": result.Issued.Session, "joined": true, "invitation": i.ID,
		})
	})
	s.count(MethodLink, err)
	if err != nil {
		return Result{}, err
	}
	return result, nil
}

func joinInvited(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, i tenants.Invitation) (tenants.Membership, error) {
	_, err := tenants.MemberByEmail(ctx, tx, i.Email)
	if err == nil { // who became a member meanwhile signs in as one
		return tenants.Membership{}, Refuse(LinkRequired)
	}
	if errs.As(err).Kind != errs.Missing {
		return tenants.Membership{}, err
	}
	user, err := tenants.NewUser(ctx, sys)
	if err != nil {
		return tenants.Membership{}, err
	}
	m, err := tenants.Join(ctx, tx, user, i.Role, tenants.Profile{Email: i.Email}, tenants.SourceInvitation)
	if err != nil {
		return m, err
	}
	return m, tenants.AcceptInvitation(as(ctx, m), tx, i.ID, m)
}
