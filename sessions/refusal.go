package sessions

import "github.com/seed-2a059015/gatehouse/internal/errs"

// What callers are told. Of a token that is not ours they learn nothing but that.
var (
	ErrToken   = errs.New(errs.Unauthenticated, "token_invalid", "The access token cannot be used.")
	ErrStale   = errs.New(errs.Unauthenticated, "token_expired", "The access token has expired.")
	ErrCookies = errs.New(errs.Unauthenticated, "cookies_ambiguous", "The browser sent the same cookie twice.")

	ErrSession = errs.New(errs.Unauthenticated, "session_invalid", "There is no such session.")
	ErrRevoked = errs.New(errs.Unauthenticated, "session_revoked", "This session has ended. Sign in again.")
	ErrExpired = errs.New(errs.Unauthenticated, "session_expired", "This session has expired. Sign in again.")
	ErrReused  = errs.New(errs.Unauthenticated, "refresh_reused", "This session was used from two places and has been ended. Sign in again.")

	ErrMemberSuspended = errs.New(errs.Forbidden, "member_suspended", "This membership is suspended.")
	ErrTenantSuspended = errs.New(errs.Forbidden, "tenant_suspended", "This organization is suspended.")
	ErrSSORequired     = errs.New(errs.Forbidden, "sso_required", "This organization requires its own single sign-on.")

	errNoKey = errs.New(errs.Unavailable, "no_signing_key", "No key can sign at the moment. Try again.")
)
