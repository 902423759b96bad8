package testidp

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

type attributeNames struct {
	format                     string
	email, name, login, groups string
}

func (n AttributeNames) names() attributeNames {
	switch n {
	case EntraNames:
		const soap, entra = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/", "http://schemas.microsoft.com/"
		return attributeNames{
			email: soap + "emailaddress", login: soap + "name",
			name: entra + "identity/claims/displayname", groups: entra + "ws/2008/06/identity/claims/groups",
		}
	case OIDNames:
		return attributeNames{
			format: samlforge.NameURI, email: "urn:oid:0.9.2342.19200300.100.1.3", login: "urn:oid:0.9.2342.19200300.100.1.1",
			name: "urn:oid:2.16.840.1.113730.3.1.241", groups: "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
		}
	default:
		return attributeNames{format: samlforge.NameBasic, email: "email", login: "login", name: "name", groups: "groups"}
	}
}

// person is what a service provider is told about a user, with the NameID in one of the known formats.
func (sp ServiceProvider) person(u User, format string) (samlforge.Person, error) {
	p := samlforge.Person{NameID: samlforge.NameID{Format: format}}
	switch format {
	case samlforge.Persistent:
		p.NameID.Value, p.NameID.SPNameQualifier = u.subject(), sp.EntityID
	case samlforge.EmailAddress:
		p.NameID.Value = u.Email
	case samlforge.Transient:
		p.NameID.Value = rand.Text()
	case samlforge.Unspecified:
		p.NameID.Value = u.Login
	default:
		return p, fmt.Errorf("unknown NameID format %q", format)
	}
	names := sp.Names.names()
	add := func(name string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			p.Attributes = append(p.Attributes, samlforge.Attribute{Name: name, NameFormat: names.format, Values: values})
		}
	}
	add(names.email, u.Email)
	add(names.name, u.Name)
	add(names.login, u.Login)
	add(names.groups, u.Groups...)
	for _, name := range slices.Sorted(maps.Keys(u.Extra)) {
		switch value := u.Extra[name].(type) {
		case string:
			add(name, value)
		case []string:
			add(name, value...)
		}
	}
	return p, nil
}
