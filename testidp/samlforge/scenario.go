package samlforge

import (
	"slices"

	"github.com/beevik/etree"
)

// Outcome is what a correct service provider does.
type Outcome string

// The outcomes. Limit leaves the choice to the service provider: if it accepts the document, then as a statement about
// [Options.Subject] and with nothing of what was forged.
const (
	Refuse Outcome = "refuse"
	Accept Outcome = "accept"
	Limit  Outcome = "limit"
)

// Setting is how the connection of the service provider has to be configured for the outcome. The empty one is the
// default: SP-initiated only, the assertion or (in the modes that sign only the response) the response must be signed,
// encrypted assertions are taken in the modes that encrypt, and none of the legacy switches is on.
type Setting string

// The settings.
const (
	// AssertionsSigned demands a signature of the assertion itself.
	AssertionsSigned Setting = "assertions must be signed"
	NoEncryption     Setting = "encryption is off"
	ForcedSignIn     Setting = "the request asks for a fresh sign-in"
	StrongSignIn     Setting = "the connection demands MFAContext"
	// FromProvider lets the provider start the sign-in. [Options.InResponseTo] is then not of a live request.
	FromProvider    Setting = "IdP-initiated sign-in is on"
	LegacySHA1      Setting = "SHA-1 is allowed"
	LegacyInclusive Setting = "inclusive canonicalization is allowed"
	LegacyCBC       Setting = "CBC is allowed"
)

// Scenario is a named forgery. Its ID is that of the failure in the project's security catalog, with a suffix where one
// failure has several forms.
type Scenario struct {
	ID      string
	Title   string
	Outcome Outcome
	// Modes are those in which the forgery makes sense.
	Modes   []Mode
	Setting Setting
	// Trust is a key that the service provider trusts instead of [Options.Key]; nil if it is as usual.
	Trust func(*Tools) *Key
	// Build makes the document from the options of an honest one, whose Mode it sets.
	Build func(Options, Mode, *Tools) ([]byte, error)
}

// Scenarios lists every named forgery of a response.
func Scenarios() []Scenario {
	return slices.Concat(
		wrappingScenarios(), exclusionScenarios(), keyScenarios(), algorithmScenarios(), referenceScenarios(), placeScenarios(),
		envelopeScenarios(), canonicalScenarios(), namespaceScenarios(),
		textScenarios(), entityScenarios(), prologScenarios(), sizeScenarios(),
		cipherScenarios(), concealedScenarios(),
		subjectScenarios(), addressScenarios(), conditionScenarios(), issuerScenarios(), statusScenarios(), timeScenarios(),
		sessionScenarios(), requestedScenarios(),
	)
}

// row is a scenario while it is written down.
type row struct {
	id, title string
	build     func(*Options, *Tools)
}

// plainModes are those in which everybody can read the document, allModes the four that every forgery is tried in.
func plainModes() []Mode { return []Mode{SignAssertion, SignResponse, SignBoth} }

func allModes() []Mode { return append(plainModes(), SignThenEncrypt) }

func encryptModes() []Mode { return []Mode{SignThenEncrypt, EncryptInSigned, EncryptInBoth} }

// refused makes scenarios of one kind.
func refused(modes []Mode, rows ...row) []Scenario { return scenarios(Refuse, modes, rows...) }

func scenarios(outcome Outcome, modes []Mode, rows ...row) []Scenario {
	list := make([]Scenario, 0, len(rows))
	for _, r := range rows {
		list = append(list, Scenario{ID: r.id, Title: r.title, Outcome: outcome, Modes: modes, Build: r.document})
	}
	return list
}

// under gives all scenarios of a list one setting.
func under(setting Setting, list []Scenario) []Scenario {
	for i := range list {
		list[i].Setting = setting
	}
	return list
}

func (r row) document(o Options, m Mode, t *Tools) ([]byte, error) {
	o.Mode = m
	o = o.filled()
	r.build(&o, t)
	return Response(o)
}

// signed changes the document before it is signed: only the provider can do that, or whoever has its key.
func signed(f func(*etree.Document, *Options)) func(*Options, *Tools) {
	return func(o *Options, _ *Tools) {
		o.BeforeSign = func(doc *etree.Document) { f(doc, o) }
	}
}

// forged changes the document after it was signed: anybody can do that.
func forged(f func(*etree.Document, *Options)) func(*Options, *Tools) {
	return func(o *Options, _ *Tools) {
		o.AfterSign = func(doc *etree.Document) { f(doc, o) }
	}
}

// rewritten changes the text of the document, or of the assertion before it is encrypted; sent always changes what is sent.
func rewritten(f func(string) string) func(*Options, *Tools) {
	return func(o *Options, _ *Tools) {
		o.Text = func(b []byte) []byte { return []byte(f(string(b))) }
	}
}

func sent(f func(string) string) func(*Options, *Tools) {
	return func(o *Options, _ *Tools) {
		o.Wire = func(b []byte) []byte { return []byte(f(string(b))) }
	}
}
