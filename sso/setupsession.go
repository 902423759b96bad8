package sso

import (
	"context"
	"net/http"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// SetupCookie is the name of the cookie of whoever opened a set-up link. Browsers refuse it from anything but this very host over TLS.
const SetupCookie = "__Host-gatehouse_setup"

// setupSessionLife is how long whoever opened a link works on: DNS records and colleagues take their time.
const setupSessionLife = 24 * time.Hour

// Setup is somebody who opened a set-up link: nobody's member, with nothing but one connection of one tenant.
type Setup struct {
	Link   SetupLink
	Tenant tenants.Tenant
}

// Principal is the caller that the holder of the link is.
func (s Setup) Principal() *authn.Principal {
	return &authn.Principal{
		Kind: authn.Setup, Tenant: s.Tenant.ID, SetupLink: s.Link.ID, Plan: string(s.Tenant.Plan), Email: s.Link.Email,
		AuthTime: *s.Link.OpenedAt,
	}
}

// OpenSetupLink uses a link up and returns the cookie of its holder. Of many at once, one succeeds; one that cannot be opened is
// ErrSetupLink, whatever the reason. Only a POST may lead here: programs that scan mail follow links.
func (s *SignIn) OpenSetupLink(ctx context.Context, cred secret.Credential) (Setup, *http.Cookie, error) {
	tenant := id.From[id.Tenant](cred.Tenant)
	if tenant.IsZero() || tenant == id.Installation || cred.Generation != 0 {
		return Setup{}, nil, ErrSetupLink
	}
	var opened Setup
	session := secret.Issue(secret.PrefixSetupSession, cred.Tenant, cred.ID, 0)
	err := s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		l, err := lockLink(ctx, tx, id.From[id.SetupLink](cred.ID))
		if errs.As(err).Kind == errs.Missing {
			return ErrSetupLink
		}
		if err != nil {
			return err
		}
		hash, given := session.Hash(), cred.Hash()
		if !secret.Equal(given[:], l.Hash) || l.OpenedAt != nil || l.RevokedAt != nil || !tx.Now.Before(l.ExpiresAt) {
			return ErrSetupLink
		}
		if opened.Tenant, err = l.backed(ctx, tx); err != nil {
			return err
		}
		ends := tx.Now.Add(setupSessionLife)
		l.OpenedAt, l.SessionHash, l.SessionExpiresAt = &tx.Now, hash[:], &ends
		if err := l.store(ctx, tx, "opened_at", "session_hash", "session_expires_at"); err != nil {
			return err
		}
		opened.Link = l
		ctx := authn.With(ctx, opened.Principal())
		if err := s.tellOfSetup(ctx, tx, l); err != nil {
			return err
		}
		return events.Record(ctx, tx, events.SetupLinkOpened, l.ID, l.describe())
	})
	if err != nil {
		return Setup{}, nil, err
	}
	return opened, setupCookie(session.String(), int(setupSessionLife.Seconds())), nil
}

// SetupSession says whose the cookie of a set-up link is. One that is over, because of its time, its revocation, its tenant or its maker,
// is ErrSetupLink.
func (s *SignIn) SetupSession(ctx context.Context, cookie string) (Setup, error) {
	cred, err := secret.Parse(secret.PrefixSetupSession, cookie)
	tenant := id.From[id.Tenant](cred.Tenant)
	if err != nil || tenant.IsZero() || tenant == id.Installation || cred.Generation != 0 {
		return Setup{}, ErrSetupLink
	}
	var held Setup
	err = s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) (err error) {
		held, err = liveLink(ctx, tx, id.From[id.SetupLink](cred.ID))
		hash := cred.Hash()
		if err == nil && !secret.Equal(hash[:], held.Link.SessionHash) {
			return ErrSetupLink
		}
		return err
	})
	if err != nil {
		return Setup{}, err
	}
	return held, nil
}

// liveLink finds a link whose holder may act now, and keeps it from being revoked until they have.
func liveLink(ctx context.Context, tx *db.TenantTx, which id.SetupLink) (Setup, error) {
	l, err := lockLink(ctx, tx, which)
	if errs.As(err).Kind == errs.Missing {
		return Setup{}, ErrSetupLink
	}
	if err != nil {
		return Setup{}, err
	}
	if l.OpenedAt == nil || l.RevokedAt != nil || l.SessionExpiresAt == nil || !tx.Now.Before(*l.SessionExpiresAt) {
		return Setup{}, ErrSetupLink
	}
	t, err := l.backed(ctx, tx)
	return Setup{l, t}, err
}

// backed asks whether the tenant and whoever made a link still stand behind it, and returns the tenant.
func (l SetupLink) backed(ctx context.Context, tx *db.TenantTx) (tenants.Tenant, error) {
	t, _, err := tenants.Current(ctx, tx)
	if errs.As(err).Kind == errs.Missing || err == nil && t.Status != tenants.StatusActive {
		return t, ErrSetupLink
	}
	if err != nil || l.CreatedBy.IsZero() {
		return t, err
	}
	m, err := tenants.Member(ctx, tx, l.CreatedBy)
	if errs.As(err).Kind == errs.Missing || err == nil && (m.Status != tenants.MemberActive || !rbac.CanGrant(m.Role, l.needs())) {
		return t, ErrSetupLink
	}
	return t, err
}

// SetupCookieOf reads the cookie of a set-up link; "" if there is none, or two, of which one was put there by somebody else.
func SetupCookieOf(r *http.Request) string {
	found := r.CookiesNamed(SetupCookie)
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

// ForgetSetup takes the cookie of a set-up link away from a browser.
func ForgetSetup() *http.Cookie { return setupCookie("", -1) }

func setupCookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: SetupCookie, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
	}
}
