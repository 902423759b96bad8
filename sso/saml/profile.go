package saml

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/seed-2a059015/gatehouse/sso"
)

// Mapping names the attributes that fill a profile. An empty name means the usual ones; for Groups it means none.
type Mapping struct {
	Email, Name, FirstName, LastName, Picture, Groups string
}

// Profile is what an assertion says about a person. Nothing of it finds an account.
type Profile struct {
	Email   string
	Name    string
	Picture string
	Groups  []string
	// GroupsMissing says that the attribute of the groups is not there, which says nothing about them: providers leave it out when there
	// are too many.
	GroupsMissing bool
}

// The usual names, best first: the words that set-up guides recommend, LDAP's object identifiers, and the claims of Microsoft.
var (
	emailNames = []string{
		"email", "mail", "urn:oid:0.9.2342.19200300.100.1.3", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
	}
	displayNames = []string{
		"displayName", "name", "urn:oid:2.16.840.1.113730.3.1.241", "http://schemas.microsoft.com/identity/claims/displayname",
	}
	firstNames = []string{
		"firstName", "givenName", "urn:oid:2.5.4.42", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
	}
	lastNames = []string{
		"lastName", "sn", "surname", "urn:oid:2.5.4.4", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
	}
	pictureNames = []string{"picture"}
)

// Map reads a profile from an assertion. Names are compared byte for byte, and a FriendlyName is none: who may edit one attribute of
// theirs could call it anything. A name that is given twice, or that holds more than text, is refused, and so is a second address.
func Map(a Assertion, m Mapping) (Profile, error) {
	r := mapper{attributes: a.Attributes}
	p := Profile{
		Email: r.single(or(m.Email, emailNames)), Picture: pictureURL(r.first(or(m.Picture, pictureNames))),
		Name: printable(r.name(m), maxName), GroupsMissing: true,
	}
	if p.Email == "" && m.Email == "" && a.NameID.isEmail() {
		p.Email = a.NameID.Subject()
	}
	if m.Groups != "" {
		p.Groups, p.GroupsMissing = r.groups(m.Groups)
	}
	if r.broken {
		return Profile{}, sso.Refuse(sso.AttributesInvalid)
	}
	return p, nil
}

func or(name string, usual []string) []string {
	if name != "" {
		return []string{name}
	}
	return usual
}

// mapper finds attributes and remembers that one could not be used.
type mapper struct {
	attributes []Attribute
	broken     bool
}

// find returns the first of the names that is there with a value.
func (r *mapper) find(names []string) []string {
	for _, name := range names {
		if values, there := r.attribute(name); there && len(values) > 0 {
			return values
		}
	}
	return nil
}

func (r *mapper) attribute(name string) (values []string, there bool) {
	for _, a := range r.attributes {
		if a.Name != name {
			continue
		}
		if there || a.Structured {
			r.broken = true
		}
		values, there = a.Values, true
	}
	return values, there
}

func (r *mapper) single(names []string) string {
	values := r.find(names)
	if len(values) > 1 {
		r.broken = true
	}
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func (r *mapper) first(names []string) string {
	if values := r.find(names); len(values) > 0 {
		return values[0]
	}
	return ""
}

// name is the display name, or first and last name where there is none. Mapped names of the parts come before a usual display name.
func (r *mapper) name(m Mapping) string {
	parts := func() string {
		return strings.TrimSpace(r.first(or(m.FirstName, firstNames)) + " " + r.first(or(m.LastName, lastNames)))
	}
	if m.Name == "" && (m.FirstName != "" || m.LastName != "") {
		return parts()
	}
	if name := r.first(or(m.Name, displayNames)); name != "" || m.Name != "" {
		return name
	}
	return parts()
}

func (r *mapper) groups(name string) (groups []string, missing bool) {
	values, there := r.attribute(name)
	if !there {
		return nil, true
	}
	groups = make([]string, 0, len(values))
	for _, group := range values {
		if group = trim(group); group != "" {
			groups = append(groups, group)
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups), false
}

const (
	maxName    = 200
	maxPicture = 2000
)

// pictureURL keeps an https address to show. It is never fetched here.
func pictureURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(s) > maxPicture {
		return ""
	}
	return u.String()
}

// printable takes what could draw a wrong picture out of a text, and cuts it.
func printable(s string, most int) string {
	out := make([]rune, 0, min(len(s), most))
	for _, r := range s {
		if len(out) == most {
			break
		}
		if unicode.IsPrint(r) {
			out = append(out, r)
		}
	}
	return strings.TrimSpace(string(out))
}
