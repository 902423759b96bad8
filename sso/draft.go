package sso

import (
	"regexp"
	"strings"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// Draft is a connection as an administrator types it. There is no field for endpoints or scopes: the first are discovered, the
// second are always openid, email and profile.
type Draft struct {
	Protocol string // "" means oidc
	Name     string
	Issuer   string
	ClientID string
	// ClientSecret is kept as it is when zero, unless the issuer or the endpoints change: then it is gone, so that nobody can point a
	// stored secret at an endpoint of their own.
	ClientSecret secret.Text
	// PublicClient says that the provider knows this client without a secret.
	PublicClient bool
	Claims       ClaimMapping
	SAML         *SAMLDraft // of a SAML connection; Issuer, ClientID and ClientSecret are then empty
	Preset       string     // key of the guide it was made by; it changes hints, not rules
	GroupRoles   []GroupRole
	Testers      []string // addresses of who may sign in while the connection is in testing; nil keeps them
	// JIT lets people of verified domains join at their first sign-in, with DefaultRole.
	JIT         bool
	DefaultRole rbac.Role
	// AcceptEndpoints takes over endpoints that have changed at the same issuer since the connection was saved.
	AcceptEndpoints bool
	// Version is that of the connection which the draft was made from; zero does not ask. If the connection has moved on when the draft is
	// stored, somebody else's change would be taken back.
	Version int64
	// Reservation, when it is not zero, gives a new connection its id.
	Reservation Reservation
}

// SAMLDraft is what an administrator types about a SAML provider: where its metadata is, or its text, or its parts.
type SAMLDraft struct {
	MetadataURL string
	Metadata    string // the document itself, at most 1 MiB
	EntityID    string // which of several; by hand, the provider's entity ID
	// By hand: addresses and certificates, PEM or bare base64.
	SSOURL, SLOURL, Certificates string

	RequestBinding string
	NameIDFormat   string
	ForceAuthn     bool
	AuthnContexts  []string
	Encryption     bool
	IdPInitiated   bool
	PinnedKey      string // fingerprint of the key that must sign the metadata
	// Stored is what the connection has; it stays where the draft names no source.
	Stored *SAML
	// Legacy switches; see [SAML].
	SHA1, InclusiveC14N, ResponseOnly bool
}

// ClaimMapping names the claims or attributes that fill a profile. Empty names mean the standard ones. No claim gives a role.
type ClaimMapping struct {
	Email   string `json:"email,omitempty"`
	Name    string `json:"name,omitempty"`
	Picture string `json:"picture,omitempty"`
	Groups  string `json:"groups,omitempty"`
	// FirstName and LastName make a name where the provider sends no whole one.
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
}

// EmailClaim is the name of the claim with the address. Only the standard one can be verified: email_verified speaks of no other.
func (m ClaimMapping) EmailClaim() string { return or(m.Email, "email") }

// NameClaim is the name of the claim with the person's name.
func (m ClaimMapping) NameClaim() string { return or(m.Name, "name") }

// PictureClaim is the name of the claim with the address of a picture.
func (m ClaimMapping) PictureClaim() string { return or(m.Picture, "picture") }

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

var (
	claimName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:/-]{0,249}$`)
	visible   = regexp.MustCompile(`^[\x21-\x7e]{1,255}$`)
)

// protocol claims mean something else; to read a profile from them is a mistake at best.
var protocol = map[string]bool{
	"iss": true, "sub": true, "aud": true, "exp": true, "nbf": true, "iat": true, "jti": true, "nonce": true, "azp": true, "at_hash": true,
	"c_hash": true, "auth_time": true, "acr": true, "amr": true, "sid": true, "events": true, "email_verified": true, "hd": true, "tid": true,
}

// check judges everything that needs no network and no database, all mistakes at once.
func (d *Draft) check() error {
	d.Name, d.Issuer, d.ClientID = strings.TrimSpace(d.Name), strings.TrimSpace(d.Issuer), strings.TrimSpace(d.ClientID)
	d.Protocol = or(d.Protocol, ProtocolOIDC)
	if d.DefaultRole == "" {
		d.DefaultRole = rbac.Member
	}
	var wrong []errs.Field
	add := func(name, detail string) { wrong = append(wrong, errs.Field{Name: name, Detail: detail}) }
	if err := tenants.CheckName("name", d.Name); err != nil {
		add("name", "Use 1 to 100 printable characters.")
	}
	if d.Protocol == ProtocolSAML {
		d.checkSAML(add)
	} else {
		d.checkOIDC(add)
	}
	if !lendable(d.DefaultRole) {
		add("default_role", "Use admin, member, viewer or a custom role: an owner is never made by a provider.")
	}
	for field, name := range d.Claims.names() {
		if name != "" && !claimName.MatchString(name) || protocol[name] {
			add("claims."+field, "Use the name of a claim about the person.")
		}
	}
	d.checkPeople(add)
	if len(wrong) == 0 {
		return nil
	}
	e := errs.New(errs.Invalid, "invalid_input", "The connection has values that cannot be used.")
	e.Fields = wrong
	return e
}

func (m ClaimMapping) names() map[string]string {
	return map[string]string{
		"email": m.Email, "name": m.Name, "picture": m.Picture, "groups": m.Groups, "first_name": m.FirstName, "last_name": m.LastName,
	}
}

func (d *Draft) checkSAML(add func(name, detail string)) {
	if d.SAML == nil {
		add("saml", "Give the provider's metadata, or its parts.")
		return
	}
	if d.Issuer != "" || d.ClientID != "" || !d.ClientSecret.IsZero() || d.PublicClient {
		add("protocol", "Issuer, client id and client secret are of OpenID Connect.")
	}
	if len(d.SAML.Metadata) > 1<<20 {
		add("saml.metadata", "Use at most 1 MiB.")
	}
}

func (d *Draft) checkOIDC(add func(name, detail string)) {
	if d.SAML != nil {
		add("saml", "Only a SAML connection has these.")
	}
	if d.Issuer == "" || len(d.Issuer) > 512 {
		add("issuer", "Use the https address that the provider calls its issuer.")
	}
	if !visible.MatchString(d.ClientID) {
		add("client_id", "Use 1 to 255 printable ASCII characters.")
	}
	if d.PublicClient && !d.ClientSecret.IsZero() {
		add("client_secret", "A public client has no secret.")
	}
	if s := d.ClientSecret.Reveal(); len(s) > 1024 || strings.ContainsAny(s, "\x00\r\n") {
		add("client_secret", "Use at most 1024 characters on one line.")
	}
}

// Draft is the connection as it would be typed. A SAML draft without a source of metadata keeps the provider that is stored.
func (c Connection) Draft() Draft {
	d := Draft{
		Protocol: c.Protocol, Name: c.Name, Preset: c.Preset, Issuer: c.Issuer, ClientID: c.ClientID,
		PublicClient: c.Protocol == ProtocolOIDC && c.TokenAuth == "none", Claims: c.Claims, GroupRoles: c.GroupRoles, Testers: c.Testers, JIT: c.JIT,
		DefaultRole: c.DefaultRole, Version: c.Version,
	}
	if s := c.SAML; s != nil {
		d.Issuer, d.SAML = "", &SAMLDraft{
			Stored: s, RequestBinding: s.RequestBinding, NameIDFormat: s.NameIDFormat, ForceAuthn: s.ForceAuthn, AuthnContexts: s.AuthnContexts,
			Encryption: s.Encryption, IdPInitiated: s.IdPInitiated, PinnedKey: s.Metadata.PinnedKey, SHA1: s.LegacySHA1 != nil,
			InclusiveC14N: s.LegacyInclusive != nil, ResponseOnly: s.LegacyResponseOnly != nil,
		}
	}
	return d
}
