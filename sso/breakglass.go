package sso

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// brokenGlassLife is how long a session lives that was made without single sign-on: long enough to repair it.
const brokenGlassLife = time.Hour

// BreakGlass is what an owner says who comes back in.
type BreakGlass struct {
	Slug   string // of the tenant whose page it is
	Link   secret.Credential
	Reason string // 10 to 500 characters, which every owner reads
}

// BreakGlass lets an owner in by a link that [SignIn.AskRecovery] mailed, once, in the browser that asked for it. It is the one way in, but
// for the operator's links, when single sign-on is required and broken. The session lives for an hour and counts as just proven; each use is
// an event, and a message to all owners. Whatever speaks against the link is ErrRecovery.
func (s *SignIn) BreakGlass(ctx context.Context, r *http.Request, in BreakGlass) (Result, error) {
	reason, err := whyBroken(in.Reason)
	if err != nil {
		return Result{}, err
	}
	tenant, browser := id.From[id.Tenant](in.Link.Tenant), recoveryBrowser(r)
	if tenant.IsZero() || tenant == id.Installation || in.Link.Generation != 0 || browser == "" {
		return Result{}, ErrRecovery
	}
	result := Result{Purpose: ForSignIn}
	err = s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		t, policy, err := tenants.Current(ctx, tx)
		if errs.As(err).Kind == errs.Missing || err == nil && t.Slug != in.Slug {
			return ErrRecovery
		}
		if err != nil {
			return err
		}
		m, err := s.redeemRecovery(ctx, tx, t, in.Link, browser)
		if err != nil {
			return err
		}
		ctx := as(ctx, m)
		result.Issued, err = s.sessions.Start(ctx, tx, sessions.Start{
			Tenant: t, Policy: policy, Membership: m, Method: MethodLink, AMR: []string{MethodLink}, NotAfter: tx.Now.Add(brokenGlassLife),
		})
		if err != nil {
			return err
		}
		if err := s.tellOfBrokenGlass(ctx, tx, m, reason); err != nil {
			return err
		}
		return events.Record(ctx, tx, events.GlassBroken, m.ID, events.Data{
			"reason": reason, "session": result.Issued.Session, "required": policy.RequireSSO, "user_agent": authn.OriginFrom(ctx).UserAgent,
		})
	})
	s.count("break_glass", err)
	if err != nil {
		return Result{}, err
	}
	return result, nil
}

// redeemRecovery uses a link up. Of many at once, one succeeds; what is tried in another browser stays usable in the right one.
func (s *SignIn) redeemRecovery(ctx context.Context, tx *db.TenantTx, t tenants.Tenant, cred secret.Credential, browser string) (tenants.Membership, error) {
	hash := cred.Hash()
	var used []struct{ MembershipID id.Membership }
	err := tx.DB.WithContext(ctx).Raw(`UPDATE recoveries SET used_at = ? WHERE tenant_id = ? AND id = ? AND hash = ? AND browser_hash = ?
		AND used_at IS NULL AND expires_at > ? AND membership_id IS NOT NULL RETURNING membership_id`,
		tx.Now, tx.Tenant, id.From[id.Link](cred.ID), hash[:], s.recoveryHash("browser", tx.Tenant, browser), tx.Now).Scan(&used).Error
	if err != nil {
		return tenants.Membership{}, fmt.Errorf("redeem a recovery: %w", err)
	}
	if len(used) == 0 {
		return tenants.Membership{}, ErrRecovery
	}
	m, err := tenants.Member(ctx, tx, used[0].MembershipID)
	if err != nil && errs.As(err).Kind != errs.Missing {
		return tenants.Membership{}, err
	}
	if !mayRecover(t, m) {
		return tenants.Membership{}, db.Keep(ErrRecovery) // it stays used: to become an owner again does not bring it back
	}
	// The other links that the person asked for are not needed any more.
	_, err = db.Of[recovery](tx.DB).Where("membership_id = ? AND used_at IS NULL", m.ID).Select("used_at").Updates(ctx, recovery{UsedAt: &tx.Now})
	if err != nil {
		return tenants.Membership{}, fmt.Errorf("end the other recoveries: %w", err)
	}
	return m, nil
}

// whyBroken checks a reason: it is read by the other owners, in the log and in a mail.
func whyBroken(reason string) (string, error) {
	reason = strings.Join(strings.Fields(reason), " ")
	wrong := func(r rune) bool { return !unicode.IsPrint(r) }
	if n := utf8.RuneCountInString(reason); n < 10 || n > 500 || !utf8.ValidString(reason) || strings.ContainsFunc(reason, wrong) {
		return "", errs.InvalidField("reason", "Say in 10 to 500 characters why you come in this way.")
	}
	return reason, nil
}

func (s *SignIn) tellOfBrokenGlass(ctx context.Context, tx *db.TenantTx, m tenants.Membership, reason string) error {
	o := authn.OriginFrom(ctx)
	return s.alertOwners(ctx, tx, "An owner came in without single sign-on", []string{
		plain(m.Email) + " signed in by a link sent by mail, from " + plain(o.Address) + " with " + browserOf(o) + ".",
		"The reason they gave: " + mail.Sentence(reason),
		"The session lives for an hour at most.",
	}, "If you did not expect it, end the session of "+plain(m.Email)+" and see to their mailbox.")
}
