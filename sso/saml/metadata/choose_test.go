package metadata_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/sso/saml/metadata"
)

// group puts the entities of documents into one EntitiesDescriptor.
func group(docs ...string) string {
	var b strings.Builder
	b.WriteString(`<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">`)
	for _, doc := range docs {
		if i := strings.Index(doc, "?>"); i >= 0 {
			doc = doc[i+2:]
		}
		b.WriteString(doc)
	}
	b.WriteString(`</md:EntitiesDescriptor>`)
	return b.String()
}

func ask(entityID string) func(*metadata.Options) {
	return func(o *metadata.Options) { o.EntityID = entityID }
}

func TestSAML_160_SeveralEntities(t *testing.T) {
	t.Parallel()
	sp := must(metadata.SP(spConfig()))
	doc := group(sample(t, "auth0"), group(sample(t, "okta"), string(sp)), sample(t, "ping"))

	want := []string{
		"urn:acme.eu.auth0.com", "http://www.okta.com/exk1a2b3c4d5e6f7g8h9", "https://auth.pingone.eu/9f8e7d6c-5b4a-3928-1706-f5e4d3c2b1a0",
	}
	same(t, "choices", refused(t, doc, metadata.SeveralEntities).Choices, want)
	for _, id := range want {
		if e := parse(t, doc, ask(id)); e.EntityID != id {
			t.Errorf("Parse(..., %q).EntityID = %q", id, e.EntityID)
		}
	}
	// The choice is exact, and an entity that provides no identities is none.
	for _, id := range []string{"urn:acme.eu.auth0.co", "urn:ACME.eu.auth0.com", "urn:acme.eu.auth0.com/", spConfig().EntityID} {
		same(t, "choices for "+id, refused(t, doc, metadata.UnknownEntity, ask(id)).Choices, want)
	}
	// One provider among others that provide no identities needs no choice.
	if e := parse(t, group(string(sp), sample(t, "okta"))); e.EntityID != want[1] {
		t.Errorf("EntityID = %q, want %q", e.EntityID, want[1])
	}
}

func TestSAML_160_FiveThousandEntities(t *testing.T) {
	t.Parallel()
	const entity = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:%d">` +
		`<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/></EntityDescriptor>`
	var entities []string
	for i := range 5000 {
		entities = append(entities, fmt.Sprintf(entity, i))
	}
	if choices := refused(t, group(entities...), metadata.SeveralEntities).Choices; len(choices) != 200 {
		t.Errorf("%d choices, want 200", len(choices))
	}
}

func TestEntityIsNotGuessed(t *testing.T) {
	t.Parallel()
	okta := sample(t, "okta")
	// A single entity is not taken for another one that was asked for.
	refused(t, okta, metadata.UnknownEntity, ask("http://www.okta.com/other"))
	refused(t, group(okta, okta), metadata.Malformed, ask("http://www.okta.com/exk1a2b3c4d5e6f7g8h9"))
	// An entity ID that another namespace gives is none.
	refused(t, swap(t, okta, `entityID=`, `xmlns:x="urn:x" x:entityID=`), metadata.EntityIDInvalid)

	nested := okta
	for range 12 {
		nested = group(nested)
	}
	refused(t, nested, metadata.Malformed)
	refused(t, group(), metadata.NoIdentityProvider)
}

func TestSAML_164_EntityID(t *testing.T) {
	t.Parallel()
	with := func(id string) string { return swap(t, sample(t, "auth0"), "urn:acme.eu.auth0.com", id) }
	for _, id := range []string{
		"", " ", "urn:a b", " urn:a", "urn:a ", "urn:a&#9;b", "urn:a&#10;", "urn:a&#13;b", "urn:a\nb", "urn:&#x202E;a", "urn:\u00e4", "urn:a\\b",
		"urn:%", "urn:%zz", "urn:&lt;b>", "urn:&quot;", "1a:b", "http://[::1", strings.Repeat("a", 1025), "urn:" + strings.Repeat("x", 5000),
	} {
		refused(t, with(id), metadata.EntityIDInvalid)
	}
	for _, id := range []string{
		"URN:Acme", "urn:acme", "https://idp.test", "https://IDP.test/", "https://idp.test/?a=b&amp;c=d", "JumpCloud", "urn:%41",
		strings.Repeat("a", 1024),
	} {
		want := strings.ReplaceAll(id, "&amp;", "&")
		if got := parse(t, with(id)).EntityID; got != want {
			t.Errorf("EntityID of %q = %q", id, got)
		}
	}
}
