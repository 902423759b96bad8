package sso

import (
	"slices"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Reason says why a sign-in was refused. It is stable: people see it as a code, attempts and events keep it.
type Reason string

// Reasons that have to do with the way back from the provider.
const (
	StateMissing       Reason = "state_missing"
	StateUnknown       Reason = "state_unknown"
	AttemptUsed        Reason = "attempt_used"
	AttemptExpired     Reason = "attempt_expired"
	WrongBrowser       Reason = "wrong_browser"
	ConnectionMismatch Reason = "connection_mismatch"
	ConnectionInactive Reason = "connection_inactive"
	ConnectionChanged  Reason = "connection_changed"
	TenantInactive     Reason = "tenant_inactive"
	CallbackMalformed  Reason = "callback_malformed"
	ProviderDenied     Reason = "provider_denied"
	ProviderError      Reason = "provider_error"
	CallbackIssuer     Reason = "callback_issuer_mismatch"
)

// Reasons that have to do with what the provider answers.
const (
	ProviderUnreachable  Reason = "provider_unreachable"
	TokenRefused         Reason = "token_refused"
	TokenResponseInvalid Reason = "token_response_invalid"
	IDTokenMissing       Reason = "id_token_missing"
	IDTokenMalformed     Reason = "id_token_malformed"
	IDTokenTooLarge      Reason = "id_token_too_large"
	IDTokenType          Reason = "id_token_type"
	IDTokenAlgorithm     Reason = "id_token_algorithm"
	IDTokenKey           Reason = "id_token_key"
	IDTokenSignature     Reason = "id_token_signature"
	KeysUnavailable      Reason = "keys_unavailable"
	ClaimsInvalid        Reason = "claims_invalid"
	IssuerMismatch       Reason = "issuer_mismatch"
	AudienceMismatch     Reason = "audience_mismatch"
	TokenExpired         Reason = "id_token_expired"
	TokenTimes           Reason = "token_times"
	NonceMismatch        Reason = "nonce_mismatch"
	SubjectInvalid       Reason = "subject_invalid"
	AccessTokenMismatch  Reason = "access_token_mismatch"
	DirectoryMismatch    Reason = "directory_mismatch"
	StaleAuthentication  Reason = "stale_authentication"
	UserInfoInvalid      Reason = "userinfo_invalid"
	UserInfoMismatch     Reason = "userinfo_mismatch"
)

// Reasons that have to do with who may enter.
const (
	EmailInvalid        Reason = "email_invalid"
	EmailUnverified     Reason = "email_unverified"
	DomainNotAllowed    Reason = "domain_not_allowed"
	HostedDomainMissing Reason = "hosted_domain_missing"
	JITDisabled         Reason = "jit_disabled"
	LinkRequired        Reason = "link_required"
	IdentityChanged     Reason = "identity_changed"
	NotTester           Reason = "not_a_tester"
	IdentitiesFrozen    Reason = "identities_frozen"
	NoAccount           Reason = "no_account"
	InvitationMismatch  Reason = "invitation_mismatch"
	InvitationUnusable  Reason = "invitation_unusable"
	NoMembership        Reason = "no_membership"
	MemberSuspended     Reason = "member_suspended"
	MemberRemoved       Reason = "member_removed"
	GoogleNotAllowed    Reason = "google_not_allowed"
	SSORequired         Reason = "sso_required"
	SeatsExhausted      Reason = "seats_exhausted"
	SessionEnded        Reason = "session_ended"
	IdentityInUse       Reason = "identity_in_use"
	IdentityMismatch    Reason = "identity_mismatch"
	Broken              Reason = "internal"
)

// Explanation is what a reason means to people.
type Explanation struct {
	Kind errs.Kind
	Text string // for who signs in: it names no other person and no configuration
	Hint string // for the tenant's administrators
}

const (
	restart   = "This sign-in cannot be continued. Start again."
	notProven = "Your identity provider's answer could not be accepted."
)

var explanations = map[Reason]Explanation{
	StateMissing:       {errs.BadRequest, restart, "The provider sent the person back without the state parameter."},
	StateUnknown:       {errs.BadRequest, restart, "No sign-in with this state was started here, or it was started long ago."},
	AttemptUsed:        {errs.Forbidden, restart, "The provider's answer was presented twice: a reload, or a replay."},
	AttemptExpired:     {errs.Forbidden, restart, "More than ten minutes passed between the start and the provider's answer."},
	WrongBrowser:       {errs.Forbidden, restart, "The answer came to another browser than the one that started. Somebody may have sent a link."},
	ConnectionMismatch: {errs.Forbidden, restart, "The answer came to the callback of another connection: check the redirect URI at the provider."},
	ConnectionInactive: {errs.Forbidden, "This way to sign in is not active.", "Activate the connection."},
	ConnectionChanged:  {errs.Forbidden, restart, "The connection was changed during the sign-in."},
	TenantInactive:     {errs.Forbidden, "This organization cannot be signed in to at the moment.", "The organization is suspended or deleted."},
	CallbackMalformed:  {errs.BadRequest, restart, "The provider's answer repeats parameters or carries tokens; use response_type=code and response_mode=query."},
	ProviderDenied:     {errs.Forbidden, "Your identity provider did not let you in.", "The provider answered access_denied: assign the person to the application."},
	ProviderError:      {errs.Forbidden, "Your identity provider reported an error.", "Look at the provider's own log: it refused the request."},
	CallbackIssuer:     {errs.Forbidden, notProven, "The iss parameter of the answer is missing or names another issuer (RFC 9207)."},

	ProviderUnreachable:  {errs.Forbidden, "Your identity provider does not answer.", "The token or userinfo endpoint could not be reached."},
	TokenRefused:         {errs.Forbidden, notProven, "The token endpoint refused the code: check the client secret and the redirect URI."},
	TokenResponseInvalid: {errs.Forbidden, notProven, "The token endpoint's answer does not follow RFC 6749."},
	IDTokenMissing:       {errs.Forbidden, notProven, "The token endpoint sent no ID token: the scope openid must be allowed."},
	IDTokenMalformed:     {errs.Forbidden, notProven, "The ID token is not a signed JWT in compact form."},
	IDTokenTooLarge:      {errs.Forbidden, notProven, "The ID token is larger than 64 KiB: send fewer claims, above all groups."},
	IDTokenType:          {errs.Forbidden, notProven, "The token is of another type: a log-out or access token is not an ID token."},
	IDTokenAlgorithm:     {errs.Forbidden, notProven, "Sign ID tokens with RS256, PS256, ES256 or EdDSA."},
	IDTokenKey:           {errs.Forbidden, notProven, "No single usable key of the provider's key set fits the ID token."},
	IDTokenSignature:     {errs.Forbidden, notProven, "The signature of the ID token is wrong."},
	KeysUnavailable:      {errs.Forbidden, "Your identity provider does not answer.", "The provider's key set could not be read."},
	ClaimsInvalid:        {errs.Forbidden, notProven, "A claim has the wrong type, is given twice, or differs from a known one in case only."},
	IssuerMismatch:       {errs.Forbidden, notProven, "The ID token was issued by another issuer than the connection's."},
	AudienceMismatch:     {errs.Forbidden, notProven, "The ID token is for another client, or for more than this one."},
	TokenExpired:         {errs.Forbidden, notProven, "The ID token has expired: check the provider's clock."},
	TokenTimes:           {errs.Forbidden, notProven, "iat, nbf or exp of the ID token is missing or implausible: check the provider's clock."},
	NonceMismatch:        {errs.Forbidden, notProven, "The ID token belongs to another sign-in."},
	SubjectInvalid:       {errs.Forbidden, notProven, "sub must be 1 to 255 printable ASCII characters."},
	AccessTokenMismatch:  {errs.Forbidden, notProven, "at_hash does not match the access token."},
	DirectoryMismatch:    {errs.Forbidden, notProven, "The ID token comes from another Entra directory than the connection's."},
	StaleAuthentication:  {errs.Forbidden, "Your identity provider did not ask you to sign in again.", "auth_time is missing or too old: the provider must honor max_age."},
	UserInfoInvalid:      {errs.Forbidden, notProven, "The userinfo answer is not plain JSON."},
	UserInfoMismatch:     {errs.Forbidden, notProven, "The userinfo answer is about another subject than the ID token."},

	EmailInvalid:        {errs.Forbidden, "Your identity provider sent no usable e-mail address.", "The mapped e-mail claim is missing or is not a plain ASCII address."},
	EmailUnverified:     {errs.Forbidden, "Your e-mail address is not verified by your identity provider.", "A new member needs email_verified to be true."},
	DomainNotAllowed:    {errs.Forbidden, "Your e-mail address does not belong to this organization.", "Verify the domain of the address, exactly as it is, before people of it can join."},
	HostedDomainMissing: {errs.Forbidden, "Use the Google account of your organization.", "New members need a Google Workspace account: hd was missing."},
	JITDisabled:         {errs.Forbidden, "You are not a member of this organization.", "The person is unknown and joining at first sign-in is switched off."},
	LinkRequired:        {errs.Forbidden, "Sign in the way you did before, then link this account.", "A member with this address exists. Accounts are never linked by address: the member links it while signed in."},
	IdentityChanged:     {errs.Forbidden, "Your account at the identity provider has changed. Ask an administrator.", "The provider uses the address of a member for another subject. Confirm who it is before you re-link."},
	NotTester:           {errs.Forbidden, "This way to sign in is being tested. Use your usual one.", "The connection is in testing, and the person is not one of its testers."},
	IdentitiesFrozen:    {errs.Forbidden, "Your organization's sign-in has changed. Ask an administrator.", "The connection points at another provider than the one this person used. An owner has to approve that the new one names the same people."},
	InvitationMismatch:  {errs.Forbidden, "This invitation is for another address. Sign in with the one that it was sent to.", "The person proved another address than the one that was invited. The invitation can still be used."},
	InvitationUnusable:  {errs.Missing, tenants.ErrInvitationUnusable.Detail, "The invitation was accepted, revoked or sent anew, it has expired, or who sent it may not invite any more."},
	NoAccount:           {errs.Forbidden, "There is no account for you here.", "The Google account is not known and no organization lets it join."},
	NoMembership:        {errs.Forbidden, "You are not a member of this organization.", "The identity is known, but its person is no member."},
	MemberSuspended:     {errs.Forbidden, "Your membership is suspended.", "Resume the member to let them in."},
	MemberRemoved:       {errs.Forbidden, "You are no longer a member of this organization.", "The member was removed. Signing in again does not bring them back."},
	GoogleNotAllowed:    {errs.Forbidden, "This organization does not use Google to sign in.", "The sign-in policy does not allow Google."},
	SSORequired:         {errs.Forbidden, "Use this organization's own sign-in.", "The sign-in policy demands the organization's own connection."},
	SeatsExhausted:      {errs.Conflict, tenants.ErrNoSeat.Detail, "The person would become a member, and as many are active as the plan has seats. Suspend or remove one, or get more seats."},
	SessionEnded:        {errs.Forbidden, "Your session ended meanwhile. Sign in again.", "The session that started this is over or belongs to another browser."},
	IdentityInUse:       {errs.Conflict, "This account is already linked.", "The identity belongs to somebody else."},
	IdentityMismatch:    {errs.Forbidden, "Use the account you are signed in with.", "The person proved another identity than that of their session."},
	Broken:              {errs.Internal, "Something went wrong on our side.", "The server's log has the cause under the request id."},
}

// Explain returns what a reason means; for a reason that is not listed, what an internal failure means.
func (r Reason) Explain() Explanation {
	if e, ok := explain(r); ok {
		return e
	}
	return explanations[Broken]
}

// Reasons lists every reason, in alphabetical order.
func Reasons() []Reason {
	return slices.Sorted(func(yield func(Reason) bool) {
		for _, known := range []map[Reason]Explanation{explanations, samlReasons} {
			for r := range known {
				if !yield(r) {
					return
				}
			}
		}
	})
}

// Refuse returns the error of a refused sign-in: its code is the reason and its text says nothing about others.
func Refuse(r Reason) *errs.Error {
	e := r.Explain()
	return errs.New(e.Kind, string(r), e.Text)
}

// ReasonOf returns the reason within err, [Broken] for an error that is no refusal.
func ReasonOf(err error) Reason {
	r := Reason(errs.CodeOf(err))
	if _, ok := explain(r); ok {
		return r
	}
	return Broken
}

func explain(r Reason) (Explanation, bool) {
	for _, known := range []map[Reason]Explanation{explanations, samlReasons} {
		if e, ok := known[r]; ok {
			return e, true
		}
	}
	return Explanation{}, false
}
