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
	// JIT lets people of verified domains join at their first sign-in, with DefaultRole.
	JIT         bool
	DefaultRole rbac.Role
	// AcceptEndpoints takes over endpoints that have changed at the same issuer since the connection was saved.
	AcceptEndpoints bool
	// Version is that of the connection which the draft was made from; zero does not ask. If the connection has moved on when the draft is
	// stored, somebody else's change would be taken back.
	Version int64
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
	claimName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:/-]{0,99}$`)
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
	if !d.DefaultRole.Builtin() || d.DefaultRole == rbac.Owner {
		add("default_role", "Use admin, member or viewer: an owner is never made by a provider.")
	}
	for field, name := range map[string]string{
		"claims.email": d.Claims.Email, "claims.name": d.Claims.Name, "claims.picture": d.Claims.Picture, "claims.groups": d.Claims.Groups,
	} {
		if name != "" && (!claimName.MatchString(name) || protocol[name]) {
			add(field, "Use the name of a claim about the person.")
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	e := errs.New(errs.Invalid, "invalid_input", "The connection has values that cannot be used.")
	e.Fields = wrong
	return e
}
