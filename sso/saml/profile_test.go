package saml_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

func with(attributes ...saml.Attribute) saml.Assertion { return saml.Assertion{Attributes: attributes} }

func one(name string, values ...string) saml.Attribute {
	return saml.Attribute{Name: name, Values: values}
}

func TestMap(t *testing.T) {
	t.Parallel()
	const claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	address := saml.NameID{Value: "Bob@corp.test", Format: mail}
	for _, test := range []struct {
		name      string
		assertion saml.Assertion
		mapping   saml.Mapping
		want      saml.Profile
	}{
		{"nothing", with(), saml.Mapping{}, saml.Profile{GroupsMissing: true}},
		{"usual names", with(one("mail", "b@corp.test"), one("givenName", "Bob"), one("sn", "Roe")), saml.Mapping{}, saml.Profile{
			Email: "b@corp.test", Name: "Bob Roe", GroupsMissing: true,
		}},
		{
			"of Microsoft", with(one(claims+"emailaddress", "b@corp.test"), one("http://schemas.microsoft.com/identity/claims/displayname", "Bob")),
			saml.Mapping{},
			saml.Profile{Email: "b@corp.test", Name: "Bob", GroupsMissing: true},
		},
		{
			"mapped names win", with(one("email", "x@corp.test"), one("m", "b@corp.test"), one("name", "X"), one("f", "Bob"), one("l", "Roe")),
			saml.Mapping{Email: "m", FirstName: "f", LastName: "l"},
			saml.Profile{Email: "b@corp.test", Name: "Bob Roe", GroupsMissing: true},
		},
		{
			"a mapped name that is missing is not replaced",
			saml.Assertion{NameID: address, Attributes: []saml.Attribute{one("email", "x@corp.test")}},
			saml.Mapping{Email: "m"},
			saml.Profile{GroupsMissing: true},
		},
		{"NameID that is an address", saml.Assertion{NameID: address}, saml.Mapping{}, saml.Profile{Email: "bob@corp.test", GroupsMissing: true}},
		{
			"NameID that looks like one",
			saml.Assertion{NameID: saml.NameID{Value: "bob@corp.test", Format: persistent}},
			saml.Mapping{},
			saml.Profile{GroupsMissing: true},
		},
		{"empty attribute", saml.Assertion{NameID: address, Attributes: []saml.Attribute{one("email")}}, saml.Mapping{}, saml.Profile{
			Email: "bob@corp.test", GroupsMissing: true,
		}},
		{"groups", with(one("groups", "b", "a", "b", "")), saml.Mapping{Groups: "groups"}, saml.Profile{Groups: []string{"a", "b"}}},
		{"no group", with(one("groups")), saml.Mapping{Groups: "groups"}, saml.Profile{Groups: []string{}}},
		{
			"too many groups for Entra", with(one("http://schemas.microsoft.com/claims/groups.link", "https://graph.test")),
			saml.Mapping{Groups: "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"},
			saml.Profile{GroupsMissing: true},
		},
		{"groups that nobody mapped", with(one("groups", "a")), saml.Mapping{}, saml.Profile{GroupsMissing: true}},
		{"picture", with(one("picture", "https://corp.test/p.png")), saml.Mapping{}, saml.Profile{
			Picture: "https://corp.test/p.png", GroupsMissing: true,
		}},
		{"picture by script", with(one("picture", "javascript:alert(1)")), saml.Mapping{}, saml.Profile{GroupsMissing: true}},
		{"name with marks", with(one("name", "Bob\u202e\nRoe")), saml.Mapping{}, saml.Profile{Name: "BobRoe", GroupsMissing: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := saml.Map(test.assertion, test.mapping)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("Map() mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestXT_12_PollutedAttributes(t *testing.T) {
	t.Parallel()
	mapping := saml.Mapping{Groups: "groups", Email: "email"}
	for _, test := range []struct {
		name       string
		attributes []saml.Attribute
	}{
		{"twice", []saml.Attribute{one("groups", "a"), one("groups", "admins")}},
		{"twice the same", []saml.Attribute{one("groups", "a"), one("groups", "a")}},
		{"another format of the name", []saml.Attribute{
			{Name: "email", NameFormat: samlforge.NameBasic, Values: []string{"a@corp.test"}},
			{Name: "email", NameFormat: samlforge.NameURI, Values: []string{"owner@corp.test"}},
		}},
		{"two addresses", []saml.Attribute{one("email", "a@corp.test", "owner@corp.test")}},
		{"more than text", []saml.Attribute{{Name: "email", Values: []string{"a@corp.test"}, Structured: true}}},
	} {
		if p, err := saml.Map(with(test.attributes...), mapping); reasonOf(err) != sso.AttributesInvalid {
			t.Errorf("Map() of attributes %s = %+v, %v, want %s", test.name, p, err, sso.AttributesInvalid)
		}
	}
	for _, test := range []struct {
		name       string
		attributes []saml.Attribute
	}{
		{"as a friendly name", []saml.Attribute{{Name: "nickname", FriendlyName: "groups", Values: []string{"admins"}}}},
		{"in another case", []saml.Attribute{one("Groups", "admins")}},
		{"with a space", []saml.Attribute{one("groups ", "admins")}},
		{"twice, and not mapped", []saml.Attribute{one("roles", "a"), one("roles", "b")}},
	} {
		if p, err := saml.Map(with(test.attributes...), mapping); err != nil || len(p.Groups) > 0 || !p.GroupsMissing {
			t.Errorf("Map() of attributes %s = %+v, %v, want no groups", test.name, p, err)
		}
	}
}

// TestAttributesAreReadInOrder also holds XT-12's last form: an Attribute in a foreign namespace is none.
func TestAttributesAreReadInOrder(t *testing.T) {
	t.Parallel()
	doc := build(t, edited(honest(t),
		add("saml:AttributeStatement", `<x:Attribute xmlns:x="urn:x" Name="groups"><x:AttributeValue>owner</x:AttributeValue></x:Attribute>`),
		add("saml:AttributeStatement", `<saml:Attribute Name="id"><saml:AttributeValue><saml:NameID>x</saml:NameID></saml:AttributeValue></saml:Attribute>`),
		add("saml:Assertion", `<saml:AttributeStatement><saml:Attribute Name="b"><saml:AttributeValue/></saml:Attribute></saml:AttributeStatement>`),
	))
	a, err := verify(t, doc, expect(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []saml.Attribute{
		{Name: "email", FriendlyName: "mail", NameFormat: samlforge.NameBasic, Values: []string{"alice@corp.test"}},
		{Name: "displayName", NameFormat: samlforge.NameBasic, Values: []string{"Alice & Co"}},
		{Name: "groups", NameFormat: samlforge.NameBasic, Values: []string{"staff", "admins"}},
		{Name: "id", Values: []string{}, Structured: true},
		{Name: "b", Values: []string{""}},
	}
	if diff := cmp.Diff(want, a.Attributes); diff != "" {
		t.Errorf("Verify() attributes mismatch (-want +got):\n%s", diff)
	}
}
