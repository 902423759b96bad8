package metadata_test

import (
	"crypto/x509"
	"os"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

// signed signs a document as a whole.
func signed(tb testing.TB, doc string, by identity) string {
	tb.Helper()
	tree := etree.NewDocument()
	if err := tree.ReadFromString(doc); err != nil {
		tb.Fatal(err)
	}
	root, err := xmlsig.Sign(tree.Root(), by.key, by.cert)
	if err != nil {
		tb.Fatal(err)
	}
	tree.SetRoot(root)
	out, err := tree.WriteToString()
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func pinned(certs ...*x509.Certificate) func(*metadata.Options) {
	return func(o *metadata.Options) { o.Pins = certs }
}

func known(certs ...*x509.Certificate) func(*metadata.Options) {
	return func(o *metadata.Options) { o.Known = certs }
}

func TestSAML_159_PinnedMetadataSignature(t *testing.T) {
	t.Parallel()
	ids := provider()
	pin, fingerprint := ids.Active.cert, xmlsig.Fingerprint(ids.Active.cert)
	for _, name := range []string{"entra", "adfs", "ping"} {
		doc := sample(t, name)
		good := signed(t, doc, ids.Active)

		e := parse(t, good, pinned(ids.Other.cert, pin))
		if e.SignedBy != fingerprint {
			t.Errorf("%s: SignedBy = %q, want %q", name, e.SignedBy, fingerprint)
		}
		e.SignedBy = ""
		same(t, name+" signed and not", e, parse(t, doc))
		if e := parse(t, good); e.SignedBy != "" {
			t.Errorf("%s: SignedBy without pins = %q", name, e.SignedBy)
		}

		refused(t, doc, metadata.MetadataUnsigned, pinned(pin))
		refused(t, signed(t, doc, ids.Next), metadata.MetadataUntrusted, pinned(pin))
		refused(t, good, metadata.MetadataUntrusted, pinned(ids.Expired.cert))
		refused(t, swap(t, good, "https://", "https://evil."), metadata.MetadataUntrusted, pinned(pin))
		refused(t, swap(t, good, ids.Active.base64(), ids.Encryption.base64()), metadata.MetadataUntrusted, pinned(pin))
	}
}

func TestSAML_159_SignatureOfAnotherEntity(t *testing.T) {
	t.Parallel()
	ids := provider()
	inner := signed(t, sample(t, "ping"), ids.Active)
	// A signed entity vouches neither for what it stands in nor for its neighbors.
	o := options()
	o.Pins, o.EntityID = []*x509.Certificate{ids.Active.cert}, "urn:acme.eu.auth0.com"
	if e, err := metadata.Parse([]byte(group(inner, sample(t, "auth0"))), o); err == nil {
		t.Errorf("Parse(...) = %v, want a refusal", e)
	}

	whole := strings.Replace(group(sample(t, "ping"), sample(t, "auth0")), "<md:EntitiesDescriptor ", `<md:EntitiesDescriptor ID="all" `, 1)
	whole = signed(t, whole, ids.Active)
	if e := parse(t, whole, ask(o.EntityID), pinned(ids.Active.cert)); e.EntityID != o.EntityID || e.SignedBy == "" {
		t.Errorf("Parse(...) = %q signed by %q", e.EntityID, e.SignedBy)
	}
	refused(t, swap(t, whole, o.EntityID, o.EntityID+".evil"), metadata.UnknownEntity, ask(o.EntityID), pinned(ids.Active.cert))
}

func TestSAML_162_KnownKeysCountIfTheyAreThere(t *testing.T) {
	t.Parallel()
	ids := provider()
	doc := sample(t, "entra")
	for name, c := range map[string]struct {
		doc  string
		want string
	}{
		"signed":          {signed(t, doc, ids.Active), xmlsig.Fingerprint(ids.Active.cert)},
		"not signed":      {doc, ""},
		"by another key":  {signed(t, doc, ids.Next), ""},
		"changed":         {swap(t, signed(t, doc, ids.Active), "/saml2", "/saml3"), ""},
		"comments inside": {swap(t, signed(t, doc, ids.Active), "<KeyDescriptor", "<!-- key --><KeyDescriptor"), xmlsig.Fingerprint(ids.Active.cert)},
	} {
		if e := parse(t, c.doc, known(ids.Active.cert, ids.Other.cert)); e.SignedBy != c.want {
			t.Errorf("%s: SignedBy = %q, want %q", name, e.SignedBy, c.want)
		}
	}
	refused(t, signed(t, doc, ids.Next), metadata.MetadataUntrusted, pinned(ids.Active.cert), known(ids.Next.cert))
}

// TestKeptSignature holds the document that the fuzzer begins with to the key that signed it.
func TestKeptSignature(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/fuzz.pem")
	if err != nil {
		t.Fatal(err)
	}
	certs := must(metadata.ParseCertificates(string(text)))
	if e := parse(t, fill(t, "signed", nil), pinned(certs...)); e.SignedBy != xmlsig.Fingerprint(certs[0]) {
		t.Errorf("SignedBy = %q, want %q", e.SignedBy, xmlsig.Fingerprint(certs[0]))
	}
}
