package sso

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// DryRun is what a test of a connection found: how a sign-in would have gone, and what it would have changed. Nothing of it happened.
type DryRun struct {
	Attempt    id.Attempt
	Connection Connection // as it was tested
	Candidate  bool       // it was tested with a change that is not saved
	Note       []byte     // of the candidate; see [Prepared.Noting]
	Checks     []Check    // up to the one that refuses
	Refusal    Reason     // "" if the person would come in
	Proven     bool       // the provider's answer was accepted, whoever may enter then
	Identity   Identity   // as it is mapped
	Claims     []Claim    // all that the provider says, by name
	Legacy     []string   // legacy switches that were needed
	// Groups is what follows from the provider's groups; nil where no group has a role, or the provider says nothing about groups.
	Groups    *MemberGroups
	GroupRole string // what people call the role of Groups

	// Hidden says that who looks holds a set-up link only. What follows is left out then, and of refusals those that come after the
	// provider's answer was accepted.
	Hidden  bool
	Joins   bool                // somebody new would become a member
	Before  *tenants.Membership // the member that the person is, or whose address they have; nil for none
	After   *tenants.Membership // the member as the sign-in would leave them; nil if it is refused
	Changes []Change
}

// Claim is a claim or attribute with its values, so far as they can be shown without telling what they are.
type Claim struct {
	Name   string
	Values []string
}

// Change is one difference that a sign-in would make to a member.
type Change struct{ Field, From, To string }

// errRehearsed ends the transaction of a sign-in that must not happen.
var errRehearsed = errors.New("the sign-in was rehearsed")

// BeginTest lets who configures a connection try it, open or not, without anybody being let in by it; with a candidate, as the connection
// would be after that change. Who asks is a member, or holds a set-up link and then sees nothing of members. A candidate asks of them what
// saving it would (reauth_required), and has to be of the connection's present version (try_again).
func (s *SignIn) BeginTest(ctx context.Context, p *authn.Principal, c id.Connection, candidate *Prepared) (Redirect, error) {
	r := Record{Purpose: ForTest, ConnectionID: c}
	switch p.Kind {
	case authn.Member:
		r.SessionID, r.UserID = p.Session, p.User
	case authn.Setup:
		r.SetupLinkID = p.SetupLink
		if err := s.ownedBySetup(ctx, p, c); err != nil {
			return Redirect{}, err
		}
	case authn.APIKey, authn.Operator, authn.System, authn.Anonymous:
		return Redirect{}, errs.New(errs.Forbidden, "session_required", "Only a person who is signed in can do this.")
	}
	if c.IsZero() || c == id.Google && (p.Kind != authn.Member || candidate != nil) { // the operator alone changes that one
		return Redirect{}, errs.NotFound("connection")
	}
	return s.begin(authn.With(ctx, p), starting{tenant: p.Tenant, record: r, candidate: candidate})
}

// finishTest rehearses the sign-in, code for code, and takes it back. What remains is the attempt, that it was tested, and their events.
func (s *SignIn) finishTest(ctx context.Context, b back, refusal error) (Result, error) {
	dry := DryRun{Attempt: b.record.ID, Connection: b.attempt.Connection, Candidate: b.candidate, Note: b.note, Proven: refusal == nil}
	accepted := b.attempt.Trail.length()
	if dry.Proven {
		dry.Identity, dry.Legacy, dry.Claims = b.who, b.who.Legacy, veiled(b.who.Claims)
		refusal = s.admit(ctx, b, b.tenant, func(_ *db.TenantTx, a admission) error {
			dry.Joins, dry.After = a.joined, &a.membership
			return errRehearsed
		})
	}
	if !errors.Is(refusal, errRehearsed) {
		if dry.Refusal = ReasonOf(refusal); dry.Refusal == Broken {
			return Result{}, refusal
		}
		b.attempt.Trail.explain(dry.Refusal)
	}
	dry.Checks = b.attempt.Trail.Checks
	err := s.db.Admit(ctx, b.tenant, func(sys *db.SystemTx, tx *db.TenantTx) error {
		ctx, err := s.viewer(ctx, tx, b.record)
		if err != nil {
			return err
		}
		if err := s.writeTest(ctx, tx, b, dry); err != nil {
			return err
		}
		if err := dry.group(ctx, tx); err != nil {
			return err
		}
		if !b.record.SetupLinkID.IsZero() {
			return dry.hide(ctx, tx, b, accepted)
		}
		if dry.Before, err = memberBefore(ctx, sys, tx, b); err != nil {
			return err
		}
		dry.Changes, err = changes(ctx, tx, dry.Before, dry.After)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	return Result{DryRun: &dry}, nil
}

// group says what follows from the provider's groups.
func (d *DryRun) group(ctx context.Context, tx *db.TenantTx) error {
	if !d.Proven || !d.Connection.mapsGroups() || d.Identity.GroupsMissing {
		return nil
	}
	follows, _, err := d.Connection.standingNow(ctx, tx, d.Identity.Groups)
	if err != nil {
		return err
	}
	d.Groups = &follows
	d.GroupRole, err = tenants.RoleName(ctx, tx, follows.Role)
	return err
}

// viewer asks whether who began a test may still see how it ends, and returns the context in which they act.
func (s *SignIn) viewer(ctx context.Context, tx *db.TenantTx, rec Record) (context.Context, error) {
	if rec.SetupLinkID.IsZero() {
		_, m, err := stillLive(ctx, tx, rec)
		return as(ctx, m), err
	}
	held, err := liveLink(ctx, tx, rec.SetupLinkID)
	if errors.Is(err, ErrSetupLink) {
		return ctx, Refuse(SessionEnded)
	}
	if err != nil {
		return ctx, err
	}
	return authn.With(ctx, held.Principal()), nil
}

// writeTest is all that a test leaves behind.
func (s *SignIn) writeTest(ctx context.Context, tx *db.TenantTx, b back, dry DryRun) error {
	e := ending{outcome: Succeeded, reason: dry.Refusal, stage: Finished, trail: b.attempt.Trail, who: b.who}
	if dry.Refusal != "" {
		e.outcome, e.stage = Refused, b.attempt.Trail.stage()
	}
	if err := settle(ctx, tx.DB, tx.Now, tx.Tenant, b.record.ID, e); err != nil {
		return err
	}
	if err := s.keepDocument(ctx, tx, b); err != nil {
		return err
	}
	if dry.Refusal != "" {
		if err := recordRefusal(ctx, tx, b.record, e.stage, dry.Refusal); err != nil {
			return err
		}
	}
	if !dry.Proven || b.candidate || b.record.ConnectionID == id.Google {
		return nil
	}
	return recordTest(ctx, tx, b.attempt.Connection)
}

// memberBefore finds the member that a proven identity is, or else the one whose address it has.
func memberBefore(ctx context.Context, sys *db.SystemTx, tx *db.TenantTx, b back) (*tenants.Membership, error) {
	if b.who.Subject == "" {
		return nil, nil
	}
	i, err := lookUp(ctx, sys, b.record.ConnectionID, b.who)
	if err == nil {
		return found(tenants.MemberByUser(ctx, tx, i.UserID))
	}
	if errs.As(err).Kind != errs.Missing {
		return nil, err
	}
	email, err := tenants.ParseEmail(b.who.Email)
	if err != nil {
		return nil, nil //nolint:nilerr // an address that is none has no member
	}
	return found(tenants.MemberByEmail(ctx, tx, email.Address))
}

func found(m tenants.Membership, err error) (*tenants.Membership, error) {
	if errs.As(err).Kind == errs.Missing {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &m, nil
}

// changes compares a member before and after; all of a new one is new. Roles have their names.
func changes(ctx context.Context, tx *db.TenantTx, before, after *tenants.Membership) ([]Change, error) {
	if after == nil {
		return nil, nil
	}
	if before == nil {
		before = &tenants.Membership{}
	}
	from, err := tenants.RoleName(ctx, tx, before.Role)
	if err != nil {
		return nil, err
	}
	to, err := tenants.RoleName(ctx, tx, after.Role)
	if err != nil {
		return nil, err
	}
	all := []Change{
		{"email", before.Email, after.Email},
		{"name", before.Name, after.Name},
		{"picture", before.Picture, after.Picture},
		{"role", from, to},
	}
	return slices.DeleteFunc(all, func(c Change) bool { return c.From == c.To }), nil
}

// hide leaves out what tells who is a member, and that is also what a sign-in is refused for after the provider's answer was accepted: whoever
// holds the provider could ask for any address. In its place come rules that hold for everybody.
func (d *DryRun) hide(ctx context.Context, tx *db.TenantTx, b back, accepted int) error {
	d.Hidden, d.Joins, d.Before, d.After, d.Changes = true, false, nil, nil, nil
	if !d.Proven {
		return nil
	}
	d.Refusal = ""
	rules := &Trail{Checks: slices.Clone(d.Checks[:accepted])}
	err := entrance{b.attempt.Connection, tenants.Policy{}, b.who, rules, id.Invitation{}}.newcomer(ctx, tx)
	if err != nil && ReasonOf(err) == Broken {
		return err
	}
	d.Checks = rules.Checks
	return nil
}

// veiled lists claims by name, with values that tell their form and not what they are.
func veiled(claims map[string][]string) []Claim {
	list := make([]Claim, 0, len(claims))
	for name, values := range claims {
		c := Claim{Name: shown(name)}
		for _, v := range values[:min(len(values), 20)] {
			c.Values = append(c.Values, veil(v))
		}
		if more := len(values) - len(c.Values); more > 0 {
			c.Values = append(c.Values, fmt.Sprintf("and %d more", more))
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b Claim) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
