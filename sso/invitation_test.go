package sso_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

func noJIT(d *sso.Draft) { d.JIT = false }

// invite makes an invitation as the owner.
func (c *company) invite(tb testing.TB, email string, role rbac.Role) (i tenants.Invitation, cred secret.Credential) {
	tb.Helper()
	ctx := authn.With(tb.Context(), &authn.Principal{
		Kind: authn.Member, Tenant: c.tenant.ID, Membership: c.owner.ID, User: c.owner.UserID, Role: "owner", Email: c.owner.Email,
	})
	must(tb, c.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) (err error) {
		i, cred, err = tenants.Invite(ctx, tx, tenants.NewInvitation{Email: email, Role: role})
		return err
	}))
	return i, cred
}

// status is what became of the invitation of an address.
func (c *company) status(tb testing.TB, i tenants.Invitation) (status tenants.InvitationStatus) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) error {
		list, err := tenants.Invitations(ctx, tx, id.Invitation{}, 100)
		for _, other := range list {
			if other.ID == i.ID {
				status = other.Status(tx.Now)
			}
		}
		return err
	})
	return status
}

// accepts comes by an invitation over a connection.
func (c *withOracle) accepts(tb testing.TB, cred secret.Credential, over id.Connection, who sso.Identity) (sso.Result, error) {
	tb.Helper()
	r, err := c.signIn.BeginInvited(visitor(tb), cred, over)
	must(tb, err)
	return c.comesBack(tb, r, over, who, nil)
}

func TestINV_03_16_AnInvitationIsForWhoProvesItsAddress(t *testing.T) {
	t.Parallel()
	bothProtocols(t, func(t *testing.T, protocol string) {
		t.Helper()
		c := newOracle(t, protocol, noJIT)
		i, cred := c.invite(t, "New@"+c.domain, rbac.Admin)
		c.refused(t, sso.JITDisabled, func() (sso.Result, error) { return c.comes(t, c.person("new")) })
		unproven, stranger := c.person("new"), c.person("new")
		unproven.EmailVerified, stranger.Email = false, "new@sub."+c.domain
		for reason, who := range map[sso.Reason]sso.Identity{
			sso.InvitationMismatch: c.person("mallory"), sso.EmailUnverified: unproven, sso.LinkRequired: c.person("owner"),
		} {
			c.refused(t, reason, func() (sso.Result, error) { return c.accepts(t, cred, c.connection.ID, who) })
		}
		c.refused(t, sso.InvitationMismatch, func() (sso.Result, error) { return c.accepts(t, cred, c.connection.ID, stranger) })
		if got := c.status(t, i); got != tenants.InvitationPending {
			t.Errorf("the invitation is %s after others came with it, want pending", got)
		}
		result, err := c.accepts(t, cred, c.connection.ID, c.person("new"))
		must(t, err)
		if p := c.principal(t, result.Issued); p.Role != "admin" || p.Email != "new@"+c.domain {
			t.Errorf("the invited person is %s %s, want an admin with the invited address", p.Role, p.Email)
		}
		if got := c.status(t, i); got != tenants.InvitationAccepted {
			t.Errorf("the invitation is %s, want accepted", got)
		}
		if _, err := c.signIn.OpenInvitation(visitor(t), cred); !errors.Is(err, tenants.ErrInvitationUnusable) {
			t.Errorf("OpenInvitation of an accepted one = %v, want it unusable", err)
		}
		_, err = c.comes(t, c.person("new"))
		must(t, err)
	})
}

func TestINV_01_AMemberDoesNotTakeAnInvitationOfAnother(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	_, err := c.comes(t, c.person("alice"))
	must(t, err)
	i, cred := c.invite(t, "new@"+c.domain, rbac.Admin)
	c.refused(t, sso.InvitationMismatch, func() (sso.Result, error) { return c.accepts(t, cred, c.connection.ID, c.person("alice")) })
	if got := c.status(t, i); got != tenants.InvitationPending {
		t.Errorf("the invitation is %s, want pending", got)
	}
	if got := c.member(t, "alice").Role; got != rbac.Member {
		t.Errorf("the member is %s now, want member", got)
	}
}

func TestINV_05_AnInvitationThatEndsDuringTheSignIn(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	i, cred := c.invite(t, "new@"+c.domain, rbac.Admin)
	r, err := c.signIn.BeginInvited(visitor(t), cred, c.connection.ID)
	must(t, err)
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error { return tenants.RevokeInvitation(ctx, tx, i.ID) })
	c.refused(t, sso.InvitationUnusable, func() (sso.Result, error) {
		return c.comesBack(t, r, c.connection.ID, c.person("new"), nil)
	})
}

func TestINV_04_AnInvitationAcceptedManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC, noJIT)
	_, cred := c.invite(t, "new@"+c.domain, rbac.Viewer)
	redirects := make([]sso.Redirect, 20)
	for n := range redirects {
		var err error
		redirects[n], err = c.signIn.BeginInvited(visitor(t), cred, c.connection.ID)
		must(t, err)
	}
	var all sync.WaitGroup
	for _, r := range redirects {
		all.Go(func() {
			if _, err := c.comesBack(t, r, c.connection.ID, c.person("new"), nil); err != nil {
				t.Errorf("Finish = %v, want a session", err)
			}
		})
	}
	all.Wait()
	var members, accepted int
	must(t, c.admin.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM memberships WHERE source = 'invitation'),
		(SELECT count(*) FROM events WHERE type = 'invitation.accepted')`).Scan(&members, &accepted))
	if members != 1 || accepted != 1 {
		t.Errorf("%d members and %d events, want one of each", members, accepted)
	}
}

func TestINV_02_16_GoogleProvesOnlyWhatItIsAuthoritativeFor(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	google := func(email, hosted string) sso.Identity {
		return sso.Identity{Subject: "g-" + email, Email: email, EmailVerified: true, HostedDomain: hosted}
	}
	_, cred := c.invite(t, "new@partner.test", rbac.Viewer)
	unverified := google("new@partner.test", "partner.test")
	unverified.EmailVerified = false
	for name, test := range map[string]struct { //nolint:paralleltest // each compares the rows of one tenant
		who  sso.Identity
		want sso.Reason
	}{
		"an account of anybody's making": {google("new@partner.test", ""), sso.HostedDomainMissing},
		"another company's Workspace":    {google("new@partner.test", "evil.test"), sso.HostedDomainMissing},
		"not verified":                   {unverified, sso.EmailUnverified},
		"another address":                {google("other@partner.test", "partner.test"), sso.InvitationMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			c.refused(t, test.want, func() (sso.Result, error) { return c.accepts(t, cred, id.Google, test.who) })
		})
	}
	result, err := c.accepts(t, cred, id.Google, google("new@partner.test", "partner.test"))
	must(t, err)
	if p := c.principal(t, result.Issued); p.Role != "viewer" || p.Method != "google" {
		t.Errorf("the invited person came by %s as %s, want google, viewer", p.Method, p.Role)
	}
	_, cred = c.invite(t, "anybody@gmail.com", rbac.Viewer)
	_, err = c.accepts(t, cred, id.Google, google("anybody@gmail.com", ""))
	must(t, err)
	// The tenant's own provider has no say in others' addresses.
	_, cred = c.invite(t, "more@partner.test", rbac.Viewer)
	if _, err := c.signIn.BeginInvited(visitor(t), cred, c.connection.ID); errs.As(err).Kind != errs.Missing {
		t.Errorf("BeginInvited over the tenant's provider = %v, want not found", err)
	}
}

func TestINV_15_WhereSSOIsRequiredNothingElseAccepts(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	i, ours := c.invite(t, "new@"+c.domain, rbac.Viewer)
	_, theirs := c.invite(t, "new@partner.test", rbac.Viewer)
	started, err := c.signIn.BeginInvited(visitor(t), theirs, id.Google)
	must(t, err)
	on := true
	c.policy(t, tenants.PolicyChange{RequireSSO: &on})
	c.refused(t, sso.GoogleNotAllowed, func() (sso.Result, error) {
		return c.comesBack(t, started, id.Google, sso.Identity{Subject: "g", Email: "new@partner.test", EmailVerified: true, HostedDomain: "partner.test"}, nil)
	})
	for name, do := range map[string]func() error{
		"OpenInvitation": func() error { _, err := c.signIn.OpenInvitation(visitor(t), theirs); return err },
		"BeginInvited":   func() error { _, err := c.signIn.BeginInvited(visitor(t), theirs, id.Google); return err },
		"AcceptByLink":   func() error { _, err := c.signIn.AcceptByLink(visitor(t), theirs); return err },
		"AcceptByLink of an address with a provider": func() error { _, err := c.signIn.AcceptByLink(visitor(t), ours); return err },
	} {
		if err := do(); errs.CodeOf(err) != "sso_required" {
			t.Errorf("%s = %v, want sso_required", name, err)
		}
	}
	if got := c.status(t, i); got != tenants.InvitationPending {
		t.Errorf("the invitation is %s, want pending", got)
	}
	_, err = c.accepts(t, ours, c.connection.ID, c.person("new"))
	must(t, err)
}

func TestAnAddressWithoutAProviderIsProvenByTheLink(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	i, cred := c.invite(t, "new@partner.test", rbac.Viewer)
	w, err := c.signIn.OpenInvitation(visitor(t), cred)
	must(t, err)
	want := sso.Welcome{Slug: c.tenant.Slug, Tenant: c.tenant.Name, Email: "new@partner.test", Role: rbac.Viewer, RoleName: "viewer", Google: true, Link: true}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Errorf("OpenInvitation (-want +got):\n%s", diff)
	}
	result, err := c.signIn.AcceptByLink(visitor(t), cred)
	must(t, err)
	if p := c.principal(t, result.Issued); p.Method != "link" || p.Role != "viewer" || p.Email != "new@partner.test" {
		t.Errorf("came by %s as %s %s, want link, viewer, the invited address", p.Method, p.Role, p.Email)
	}
	if got := c.status(t, i); got != tenants.InvitationAccepted {
		t.Errorf("the invitation is %s, want accepted", got)
	}
	if _, err := c.signIn.AcceptByLink(visitor(t), cred); !errors.Is(err, tenants.ErrInvitationUnusable) {
		t.Errorf("AcceptByLink again = %v, want it unusable", err)
	}
	// An address with a provider is proven there, and nowhere else.
	_, ours := c.invite(t, "new@"+c.domain, rbac.Viewer)
	if _, err := c.signIn.AcceptByLink(visitor(t), ours); errs.CodeOf(err) != "sso_required" {
		t.Errorf("AcceptByLink of an address with a provider = %v, want sso_required", err)
	}
}

func TestINV_05_ASuspendedTenantInvitesNobody(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	_, cred := c.invite(t, "new@partner.test", rbac.Viewer)
	c.suspend(t)
	for name, do := range map[string]func() error{
		"OpenInvitation": func() error { _, err := c.signIn.OpenInvitation(visitor(t), cred); return err },
		"BeginInvited":   func() error { _, err := c.signIn.BeginInvited(visitor(t), cred, id.Google); return err },
		"AcceptByLink":   func() error { _, err := c.signIn.AcceptByLink(visitor(t), cred); return err },
	} {
		if err := do(); !errors.Is(err, tenants.ErrInvitationUnusable) {
			t.Errorf("%s = %v, want it unusable", name, err)
		}
	}
}

func TestXT_25_AnInvitationIsTheWayBackOfARemovedMember(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	in, err := c.comes(t, c.person("alice"))
	must(t, err)
	before := c.principal(t, in.Issued)
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		return tenants.RemoveMember(ctx, tx, before.Membership)
	})
	c.refused(t, sso.MemberRemoved, func() (sso.Result, error) { return c.comes(t, c.person("alice")) })
	_, cred := c.invite(t, "alice@"+c.domain, rbac.Viewer)
	c.refused(t, sso.MemberRemoved, func() (sso.Result, error) { return c.comes(t, c.person("alice")) })
	again, err := c.accepts(t, cred, c.connection.ID, c.person("alice"))
	must(t, err)
	if p := c.principal(t, again.Issued); p.Membership != before.Membership || p.Role != "viewer" {
		t.Errorf("came back as %s %s, want the same member as a viewer", p.Membership, p.Role)
	}
}

func TestINV_10_11_TheLetterOfAnInvitation(t *testing.T) {
	t.Parallel()
	c := newOracle(t, sso.ProtocolOIDC)
	outbox := c.postman(t)
	c.inTenant(t, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.Rename(ctx, tx, "Click https://evil.test <b>now</b>")
		return err
	})
	ctx := authn.With(t.Context(), &authn.Principal{
		Kind: authn.Member, Tenant: c.tenant.ID, Membership: c.owner.ID, Role: "owner", Name: "Eve\r\nBcc: x@evil.test \u202e" + strings.Repeat("long", 500),
	})
	must(t, c.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) error {
		_, err := c.signIn.Invite(ctx, tx, tenants.NewInvitation{Email: "new@partner.test", Role: rbac.Viewer})
		return err
	}))
	m := letter(t, outbox, "new@partner.test", "Invitation")
	if strings.ContainsAny(m.Subject, "\r\n\u202e") || len(m.Subject) > 200 || strings.Contains(m.Text, "\nBcc") || strings.Contains(m.Text, "https://evil.test") ||
		strings.Contains(m.HTML, "<b>now") || len(m.Text) > 1500 {
		t.Errorf("the letter carries what others chose:\n%s\n%s", m.Subject, m.Text)
	}
	_, link, found := strings.Cut(m.Text, base+"/login/invitation#")
	if !found || strings.Count(m.Text, "://") != 1 {
		t.Fatalf("the letter does not have one link, at the configured address:\n%s", m.Text)
	}
	cred, err := secret.Parse(secret.PrefixInvitation, strings.Fields(link)[0])
	must(t, err)
	_, err = c.signIn.OpenInvitation(visitor(t), cred)
	must(t, err)
	var hashes int
	must(t, c.admin.QueryRow(t.Context(), "SELECT count(*) FROM invitations i WHERE i::text LIKE '%' || $1 || '%'", strings.Fields(link)[0]).Scan(&hashes))
	if hashes != 0 {
		t.Error("the table holds the link itself")
	}
}
