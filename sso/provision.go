package sso

import (
	"context"
	"fmt"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// entrance is where a proven identity stands: one tenant, over one connection.
type entrance struct {
	connection Connection
	policy     tenants.Policy
	who        Identity
	trail      *Trail
	invitation id.Invitation // that the sign-in is to accept; the zero id if none
}

// arrival is who came in.
type arrival struct {
	membership tenants.Membership
	identity   LinkedIdentity
	joined     bool
}

// provision turns a proven identity into a member of the scope's tenant. It is the only place that does, for every protocol. A known
// identity is its person; an unknown one may become a new person. No address ever leads to somebody who is here already.
func provision(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, e entrance) (arrival, error) {
	if e.who.Issuer == "" || e.who.Subject == "" { // whatever the protocol: nobody has an empty name
		return arrival{}, Refuse(SubjectInvalid)
	}
	i, err := lookUp(ctx, sys, e.connection.ID, e.who)
	if errs.As(err).Kind == errs.Missing {
		i, err = lookUpAlone(ctx, sys, e.connection.ID, e.who)
	}
	if errs.As(err).Kind == errs.Missing {
		return e.join(ctx, sys, tx, LinkedIdentity{})
	}
	if err != nil {
		return arrival{}, err
	}
	if f := e.connection.FrozenAt; f != nil && i.CreatedAt.Before(*f) {
		e.trail.Fail(checkMember, "an identity that an owner has approved since the provider changed", "one of before")
		return arrival{}, Refuse(IdentitiesFrozen)
	}
	m, err := tenants.MemberByUser(ctx, tx, i.UserID)
	if errs.As(err).Kind == errs.Missing {
		if e.connection.ID != id.Google { // a tenant's own identities are of its members
			return arrival{}, Refuse(NoMembership)
		}
		return e.join(ctx, sys, tx, i)
	}
	if err != nil {
		return arrival{}, err
	}
	if m.Status == tenants.MemberRemoved && !e.invitation.IsZero() {
		return e.comeBack(ctx, sys, tx, i, m)
	}
	if err := standing(m); err != nil {
		e.trail.Fail(checkMember, string(tenants.MemberActive), string(m.Status))
		return arrival{}, err
	}
	e.trail.Pass(checkMember, string(m.Status))
	if !e.connection.tester(m.Email) {
		e.trail.Fail(checkTester, "one of the testers", m.Email)
		return arrival{}, Refuse(NotTester)
	}
	if err := e.acceptAsMember(ctx, tx, m); err != nil {
		return arrival{}, err
	}
	if err := touch(ctx, sys, i, e.who.Email); err != nil {
		return arrival{}, err
	}
	if m, err = e.follow(ctx, tx, m); err != nil {
		return arrival{}, err
	}
	p, err := e.profile(ctx, tx, m)
	if err != nil {
		return arrival{}, err
	}
	m, err = tenants.UpdateProfile(ctx, tx, m, p)
	return arrival{membership: m, identity: i}, err
}

func standing(m tenants.Membership) error {
	switch m.Status {
	case tenants.MemberActive:
		return nil
	case tenants.MemberSuspended:
		return Refuse(MemberSuspended)
	case tenants.MemberRemoved: // signing in does not undo a removal
		return Refuse(MemberRemoved)
	default:
		return Refuse(NoMembership)
	}
}

// profile is what the tenant may take over: an address only when it is verified, and nothing for what the provider left out. A tenant's
// own provider speaks of addresses at the tenant's domains alone: what is sent to members would else go to whomever it names.
func (e entrance) profile(ctx context.Context, tx *db.TenantTx, old tenants.Membership) (tenants.Profile, error) {
	p := tenants.Profile{Email: old.Email, Name: or(e.who.Name, old.Name), Picture: or(e.who.Picture, old.Picture)}
	if old.Role == rbac.Owner && e.connection.ID != id.Google {
		return p, nil // the way back in leads to an owner's address: whoever holds the provider must not choose it
	}
	email, err := tenants.ParseEmail(e.who.Email)
	if err != nil || !e.who.EmailVerified {
		return p, nil
	}
	if e.connection.ID != id.Google && email.Address != old.Email {
		if err := verified(ctx, tx, email.Domain); ReasonOf(err) == DomainNotAllowed {
			return p, nil
		} else if err != nil {
			return p, err
		}
	}
	p.Email = email.Address
	return p, nil
}

// join makes a member of an identity that is none yet. With a zero identity the person is new.
func (e entrance) join(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, i LinkedIdentity) (arrival, error) {
	email, err := e.address()
	if err != nil {
		return arrival{}, err
	}
	if err := e.unclaimed(ctx, sys, tx, email); err != nil {
		e.trail.Fail(checkMember, "an address that no member has, or has had", email.Address)
		return arrival{}, err
	}
	e.trail.Pass(checkMember, "new")
	if !e.connection.tester(email.Address) {
		e.trail.Fail(checkTester, "one of the testers", email.Address)
		return arrival{}, Refuse(NotTester)
	}
	role, err := e.mayJoin(ctx, tx, email)
	if err != nil {
		return arrival{}, err
	}
	if i.ID.IsZero() {
		user, err := tenants.NewUser(ctx, sys)
		if err != nil {
			return arrival{}, err
		}
		if i, err = link(ctx, sys, user, e.connection.ID, e.who); err != nil {
			return arrival{}, err
		}
	}
	m, err := tenants.Join(ctx, tx, i.UserID, role, tenants.Profile{Email: email.Address, Name: e.who.Name, Picture: e.who.Picture}, e.source())
	if err != nil {
		return arrival{}, err
	}
	return e.joined(ctx, tx, i, m)
}

// unclaimed refuses an address that a member has, or had when they were removed: whoever proves it is not thereby that member.
func (e entrance) unclaimed(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, email tenants.Email) error {
	m, err := tenants.MemberByEmail(ctx, tx, email.Address)
	if err == nil {
		known, err := hasIdentity(ctx, sys, m.UserID, e.connection.ID, e.who.Issuer)
		if err != nil {
			return err
		}
		if known {
			return Refuse(IdentityChanged)
		}
		return Refuse(LinkRequired)
	}
	if errs.As(err).Kind != errs.Missing {
		return err
	}
	if !e.invitation.IsZero() { // somebody who may invite them wants them back
		return nil
	}
	n, err := db.Of[tenants.Membership](tx.DB).Where("email = ? AND status = 'removed'", email.Address).Count(ctx, "id")
	if err != nil {
		return fmt.Errorf("look for removed members: %w", err)
	}
	if n > 0 {
		return Refuse(MemberRemoved)
	}
	return nil
}

// mayJoin says with which role somebody unknown may become a member.
func (e entrance) mayJoin(ctx context.Context, tx *db.TenantTx, email tenants.Email) (rbac.Role, error) {
	if !e.invitation.IsZero() {
		return e.mayAccept(ctx, tx, email)
	}
	role, jit := e.connection.DefaultRole, e.connection.JIT
	if e.connection.ID == id.Google {
		role, jit = e.policy.GoogleRole, e.policy.GoogleJIT
	}
	if !jit {
		e.trail.Fail("joining", "on", "off")
		return "", Refuse(JITDisabled)
	}
	e.trail.Pass("joining", "on")
	if err := e.vouchedFor(ctx, tx, email); err != nil {
		return "", err
	}
	if !lendable(role) {
		return "", Refuse(JITDisabled)
	}
	return role, nil
}

// vouchedFor refuses an address that the provider has not proven, or that it has no say in: a tenant's own provider speaks of addresses at
// the tenant's domains, and of Google accounts those of the tenant's Workspace may come by themselves.
func (e entrance) vouchedFor(ctx context.Context, tx *db.TenantTx, email tenants.Email) error {
	if err := e.emailVerified(); err != nil {
		return err
	}
	domains := []string{email.Domain}
	if e.connection.ID == id.Google {
		// Anybody can make a Google account on an address of a company. Only hd says that the company's Workspace vouches for it.
		if e.who.HostedDomain == "" {
			e.trail.Fail("hd", "the domain of a Google Workspace", "not sent")
			return Refuse(HostedDomainMissing)
		}
		domains = append(domains, e.who.HostedDomain)
	}
	for _, domain := range domains {
		if err := verified(ctx, tx, domain); err != nil {
			e.trail.Fail("domain", "a domain that the organization has verified", domain)
			return err
		}
		e.trail.Pass("domain", domain)
	}
	return nil
}

func (e entrance) emailVerified() error {
	if !e.who.EmailVerified {
		e.trail.Fail("email_verified", "true", "false, or not sent")
		return Refuse(EmailUnverified)
	}
	e.trail.Pass("email_verified", "true")
	return nil
}

// verified refuses a domain that the tenant has not shown to be its own.
func verified(ctx context.Context, tx *db.TenantTx, domain string) error {
	_, err := tenants.VerifiedDomain(ctx, tx, domain)
	if kind := errs.As(err).Kind; err != nil && (kind == errs.Missing || kind == errs.Invalid) {
		return Refuse(DomainNotAllowed)
	}
	return err
}
