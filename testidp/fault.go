package testidp

import (
	"net/url"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// Fault is one way to misbehave. Every field that is set takes effect; the zero Fault is honest. The functions change the
// honest value in place and may be called concurrently.
type Fault struct {
	// Times limits the fault to the next so many answers of each endpoint; after them the provider is honest again.
	// Zero means until [Provider.Behave].
	Times int

	// Claims changes the claims of the ID token, Header its JOSE header, both before signing. RawPayload rewrites the
	// JSON text of the claims, for what a map cannot hold: duplicate members, invalid UTF-8, depth.
	Claims     func(map[string]any)
	Header     func(map[string]any)
	RawPayload func([]byte) []byte
	// Sign is how the token is signed, Key with what: nil is the provider's own key. Compact rewrites the finished token.
	Sign    SignMode
	Key     *Key
	Compact func(string) string
	// Rotate changes the provider's keys just before it signs.
	Rotate Rotation

	// Discovery, JWKS, Token and UserInfo change the JSON object of that answer.
	Discovery func(map[string]any)
	JWKS      func(map[string]any)
	Token     func(map[string]any)
	UserInfo  func(map[string]any)
	// UserInfoJWT answers userinfo as a signed JWT with these changes; nil answers JSON.
	UserInfoJWT func(map[string]any)

	// Callback changes the parameters of the authorization response; CallbackURL rewrites the address that the browser is
	// sent to, parameters included.
	Callback    func(url.Values)
	CallbackURL func(string) string

	// IgnorePKCE makes the token endpoint take any code_verifier; ReuseCodes takes a code again and again.
	IgnorePKCE bool
	ReuseCodes bool

	// SAML builds a SAML response from the options of the honest one. Metadata and Logout change the options of metadata
	// and of logout messages.
	SAML     func(samlforge.Options) ([]byte, error)
	Metadata func(*samlforge.MetadataOptions)
	Logout   func(*samlforge.LogoutOptions)

	// Replies distort the HTTP answer of an endpoint below its content.
	Replies map[Endpoint]Reply
}

// Rotation says what happens to the keys of a provider.
type Rotation int

// The rotations. RotateKeep leaves the old public keys in the key set; RotateDrop withdraws them.
const (
	NoRotation Rotation = iota
	RotateKeep
	RotateDrop
)

// Misbehave replaces the provider's fault, if any, by f.
func (p *Provider) Misbehave(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.faulted, p.scenario = f, map[Endpoint]int{}, ""
}

// Behave makes the provider honest again.
func (p *Provider) Behave() { p.Misbehave(Fault{}) }

// begin counts a request and returns the fault that applies to its answer.
func (p *Provider) begin(e Endpoint) *Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests[e]++
	if p.fault.Times > 0 && p.faulted[e] >= p.fault.Times {
		return &Fault{}
	}
	p.faulted[e]++
	f := p.fault
	return &f
}
