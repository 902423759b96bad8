package web

import (
	"errors"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sessions"
)

var (
	errKey    = errs.New(errs.Unauthenticated, "api_key_invalid", "This API key cannot be used.")
	errTenant = errs.New(errs.BadRequest, "tenant_mismatch", "X-Tenant-ID names another tenant than the credential.")
)

// authenticate says who is asking, from snapshots, and what speaks against them.
func (ex *exchange) authenticate() error {
	p, err := ex.identify()
	e := asRefusal(err)
	if e != nil && e.Kind == errs.Unauthenticated {
		if ex.byCookie && !errors.Is(err, errAnonymous) && !ex.forwarded() {
			sessions.ClearCookies(ex.Response()) // they will not become better
		}
		return ex.countFailure(err)
	}
	if err != nil && (p == nil || e == nil || e.Kind != errs.Forbidden) {
		return err
	}
	ex.principal, ex.standing = p, err
	ex.known = authn.Context{Context: ex.ctx, Principal: p}
	ex.ctx = &ex.known
	if t := ex.Request().Header["X-Tenant-Id"]; len(t) > 0 && (len(t) > 1 || t[0] != p.Tenant.String()) {
		return errTenant
	}
	return nil
}

func asRefusal(err error) *errs.Error {
	e, _ := errors.AsType[*errs.Error](err)
	return e
}

func (ex *exchange) identify() (*authn.Principal, error) {
	switch s := &ex.shown; {
	case s.key != "":
		return ex.byKey(s.key)
	case s.bearer != "":
		return ex.byToken(s.bearer)
	case s.cookies:
		ex.byCookie = true
		return ex.byCookies()
	}
	return nil, errAnonymous
}

func (ex *exchange) byKey(text string) (*authn.Principal, error) {
	key, err := secret.Parse(secret.PrefixAPIKey, text)
	if err != nil { // a typing mistake costs no look at the database
		return nil, errKey.Because(err)
	}
	if err := ex.since(id.From[id.Tenant](key.Tenant)); err != nil {
		return nil, err
	}
	return ex.server.access.Key(ex.ctx, key)
}

// since has all that is answered from snapshots, who is asking and what the handler looks up about others, be as new as the client asks for.
func (ex *exchange) since(tenant id.Tenant) error {
	version := ex.Request().Header["If-Gatehouse-Version"]
	if len(version) == 0 {
		return nil
	}
	if len(version) > 1 {
		return access.ErrVersion
	}
	ctx, err := ex.server.access.AsOf(ex.ctx, tenant, version[0])
	if err == nil {
		ex.ctx = ctx
	}
	return err
}

func (ex *exchange) byToken(token string) (*authn.Principal, error) {
	claims, err := ex.server.sessions.Verify(ex.ctx, token)
	if err != nil {
		return nil, err
	}
	return ex.session(claims.Tenant, claims.Session)
}

// byCookies also refreshes, so that pages know nothing of tokens.
func (ex *exchange) byCookies() (*authn.Principal, error) {
	if ex.shown.access != "" {
		p, err := ex.byToken(ex.shown.access)
		if ex.shown.refresh == "" || !errors.Is(err, sessions.ErrStale) || ex.forwarded() {
			return p, err
		}
	}
	if ex.shown.refresh == "" {
		return nil, errAnonymous
	}
	if ex.forwarded() {
		return nil, sessions.ErrStale
	}
	issued, err := ex.refresh(ex.shown.refresh)
	if err != nil {
		return nil, err
	}
	sessions.SetCookies(ex.Response(), issued)
	return ex.session(issued.Tenant, issued.Session)
}

func (ex *exchange) session(tenant id.Tenant, session id.Session) (*authn.Principal, error) {
	if err := ex.since(tenant); err != nil {
		return nil, err
	}
	return ex.server.access.Session(ex.ctx, tenant, session)
}

func (ex *exchange) refresh(token string) (issued sessions.Issued, err error) {
	credential, err := secret.Parse(secret.PrefixRefresh, token)
	tenant := id.From[id.Tenant](credential.Tenant)
	if err != nil || tenant.IsZero() {
		return sessions.Issued{}, sessions.ErrSession.Because(err)
	}
	err = ex.server.db.Tenant(ex.ctx, tenant, func(tx *db.TenantTx) error {
		issued, err = ex.server.sessions.Refresh(ex.ctx, tx, credential)
		return err
	})
	return issued, err
}

// countFailure answers whoever keeps presenting wrong credentials with 429. Tokens that merely grew old do not count.
func (ex *exchange) countFailure(err error) error {
	if errors.Is(err, errAnonymous) || errors.Is(err, sessions.ErrStale) {
		return err
	}
	key := ratelimit.Key{What: "failure", Where: ratelimit.AddressKey(ex.origin.Address)}
	if r := ex.server.limiter.Allow(key, ex.server.failureLimit); !r.Allowed {
		return tooMany(r).Because(err)
	}
	return err
}
