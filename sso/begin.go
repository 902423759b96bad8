package sso

import (
	"context"
	"net/url"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Start says what a person wants to sign in to.
type Start struct {
	Slug       string        // of the tenant; "" only for Google, which finds it
	Connection id.Connection // the zero id is the tenant's only active connection
	ReturnTo   string        // checked by who redirects, at the end
	LoginHint  string        // the address that was typed
	Last       Last          // what the browser remembers; see [SignIn.LastOf]
}

// Redirect sends a browser to a provider. Cookie binds the attempt to it: SameSite=None and Secure, since the way back may be a
// cross-site POST, and gone after ten minutes.
type Redirect struct {
	URL         string
	Form        url.Values // not nil: the browser posts these fields to URL
	CookieName  string
	CookieValue string
	MaxAge      time.Duration
}

// Begin starts a sign-in. An unknown tenant or connection is errs.NotFound; too many starts from one address are too_many_attempts.
func (s *SignIn) Begin(ctx context.Context, in Start) (Redirect, error) {
	tenant := id.Installation
	if in.Slug == "" {
		if in.Connection != id.Google {
			return Redirect{}, errs.NotFound("organization")
		}
	} else {
		err := s.db.System(ctx, func(sys *db.SystemTx) error {
			t, err := tenants.BySlug(ctx, sys, in.Slug)
			tenant = t.ID
			return err
		})
		if err != nil {
			return Redirect{}, err
		}
	}
	return s.begin(ctx, starting{
		tenant: tenant, hint: in.LoginHint, last: in.Last,
		record: Record{Purpose: ForSignIn, ConnectionID: in.Connection, ReturnTo: in.ReturnTo},
	})
}

// BeginLink lets a member add a way to sign in. They must have proven themselves within five minutes, else reauth_required.
func (s *SignIn) BeginLink(ctx context.Context, p *authn.Principal, c id.Connection) (Redirect, error) {
	// Who controls a tenant's provider would otherwise add themselves a way in that leads to the person's other tenants.
	if c == id.Google && !ownsAccount(p) {
		return Redirect{}, errs.NotFound("connection")
	}
	if p.Kind != authn.Member || c.IsZero() {
		return Redirect{}, errs.New(errs.Forbidden, "session_required", "Only a person who is signed in can do this.")
	}
	record := Record{Purpose: ForLink, ConnectionID: c, SessionID: p.Session, UserID: p.User}
	return s.begin(ctx, starting{tenant: p.Tenant, record: record, check: func(now time.Time) error {
		if !seenLately(p.AuthTime, now) {
			return ErrReauthRequired
		}
		return nil
	}})
}

// BeginReauth lets a member prove once more who they are, in the way their session was made.
func (s *SignIn) BeginReauth(ctx context.Context, p *authn.Principal, returnTo string) (Redirect, error) {
	if p.Kind != authn.Member || p.Connection.IsZero() {
		return Redirect{}, errs.New(errs.Forbidden, "reauth_unavailable", "Sign in again to do this.")
	}
	return s.begin(ctx, starting{
		tenant: p.Tenant, hint: p.Email, last: Last{p.Tenant, p.Connection, p.Membership},
		record: Record{Purpose: ForReauth, ConnectionID: p.Connection, SessionID: p.Session, UserID: p.User, ReturnTo: returnTo},
	})
}

// starting is an attempt before its first redirect.
type starting struct {
	tenant    id.Tenant
	record    Record
	hint      string
	last      Last
	candidate *Prepared                 // of a test, instead of what the connection is
	check     func(now time.Time) error // nil checks nothing
}

// begin writes the attempt and asks the provider where to go. Both need no network: a tenant's endpoints are in its row.
func (s *SignIn) begin(ctx context.Context, in starting) (Redirect, error) {
	tenant, r := in.tenant, in.record
	state, cookie := newState(tenant), secret.RandomText(32)
	r.ID, r.Stage, r.Outcome = id.New[id.Attempt](), Redirected, Pending
	r.StateHash, r.BrowserHash = stateHash(state), s.browserHash(state, cookie)
	if len(r.ReturnTo) > 2048 {
		r.ReturnTo = ""
	}
	viaGoogle := Connection{}
	if r.ConnectionID == id.Google {
		if s.google == nil {
			return Redirect{}, errs.NotFound("connection")
		}
		var err error
		if viaGoogle, err = s.google.connection(ctx); err != nil {
			return Redirect{}, err
		}
	}
	var a Attempt
	var provider Provider
	err := s.db.Tenant(ctx, tenant, func(tx *db.TenantTx) error {
		if in.check != nil {
			if err := in.check(tx.Now); err != nil {
				return err
			}
		}
		c, err := s.usable(ctx, tx, r, viaGoogle)
		if err != nil {
			return err
		}
		if provider, err = s.providerOf(c); err != nil {
			return err
		}
		r.ConnectionID, r.ConfigVersion, r.KnownMemberID = c.ID, c.Version, in.last.at(tenant, c.ID)
		if a, err = s.attempt(ctx, tx, r, c, state); err != nil {
			return err
		}
		if in.candidate != nil {
			// Nothing of it is saved, but who brings a provider of their own is shown the member that it names.
			if err := mayTry(ctx, tx, in.candidate.draft); err != nil {
				return err
			}
			var tried candidate
			if tried, r.Held, err = s.holdCandidate(ctx, tx, r.ID, c, *in.candidate); err != nil {
				return err
			}
			tried.onto(&a)
		}
		return insertAttempt(ctx, tx, &r)
	})
	if err != nil {
		return Redirect{}, err
	}
	a.LoginHint = loginHint(in.hint)
	to, err := provider.Begin(ctx, a)
	if err != nil {
		return Redirect{}, err
	}
	return Redirect{URL: to.URL, Form: to.Form, CookieName: CookieName(state), CookieValue: cookie, MaxAge: attemptLifetime}, nil
}

// usable finds the connection of a new attempt, and says whether the tenant's policy lets it be used.
func (s *SignIn) usable(ctx context.Context, tx *db.TenantTx, r Record, viaGoogle Connection) (Connection, error) {
	if tx.Tenant == id.Installation {
		return viaGoogle, nil
	}
	t, policy, err := tenants.Current(ctx, tx)
	if err != nil {
		return Connection{}, err
	}
	if t.Status != tenants.StatusActive {
		return Connection{}, Refuse(TenantInactive)
	}
	if r.ConnectionID == id.Google {
		if !policy.Allows(MethodGoogle, "") {
			return Connection{}, Refuse(GoogleNotAllowed)
		}
		return viaGoogle, nil
	}
	if r.ConnectionID.IsZero() {
		list, err := openConnections(ctx, tx)
		if err != nil {
			return Connection{}, err
		}
		if len(list) != 1 {
			return Connection{}, errs.NotFound("connection")
		}
		return list[0], nil
	}
	c, err := ConnectionByID(ctx, tx, r.ConnectionID)
	if err != nil {
		return Connection{}, err
	}
	if !c.Status.Open() && r.Purpose != ForTest {
		return Connection{}, errs.NotFound("connection")
	}
	return c, nil
}

// attempt is the provider's view of a record.
func (s *SignIn) attempt(ctx context.Context, tx *db.TenantTx, r Record, c Connection, state string) (a Attempt, err error) {
	a = Attempt{
		ID: r.ID, Purpose: r.Purpose, Connection: c, RedirectURI: s.CallbackURL(c), State: state, CreatedAt: r.CreatedAt, Now: tx.Now,
	}
	switch {
	case c.ID == id.Google:
		a.Secret, a.AlsoIssuer = s.google.draft.ClientSecret, s.google.alsoIssuer()
	case c.Protocol == ProtocolSAML:
		a.EntityID, a.LogoutURI, a.RequestID = s.EntityID(c.ID), s.LogoutURL(c.ID), s.requestID(state)
		a.Keys, err = s.keysOf(ctx, tx, c.ID)
		return a, err
	default:
		a.Secret, err = s.open(tx.Tenant, c)
	}
	a.Nonce, a.Verifier = s.derive("nonce", state), s.derive("verifier", state)
	return a, err
}

// loginHint passes on nothing but an address.
func loginHint(hint string) string {
	email, err := tenants.ParseEmail(hint)
	if err != nil {
		return ""
	}
	return email.Address
}
