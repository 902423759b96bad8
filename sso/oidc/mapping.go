package oidc

import (
	"slices"
	"strings"

	"github.com/seed-2a059015/gatehouse/sso"
)

// The standard claims of the parts of a name (OpenID Connect Core 1.0, section 5.1).
const (
	givenName  = "given_name"
	familyName = "family_name"
)

// mapped are the names of the claims that a connection reads a profile from.
func mapped(m sso.ClaimMapping) []string {
	names := []string{m.EmailClaim(), m.NameClaim(), m.PictureClaim(), givenName, familyName}
	for _, name := range []string{m.FirstName, m.LastName, m.Groups} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// name is the whole name, or its parts where there is none. Parts that are mapped come before a whole name that is not.
func (r *reader) name(m sso.ClaimMapping) string {
	parts := func(first, last string) string { return strings.TrimSpace(r.text(first) + " " + r.text(last)) }
	if m.Name == "" && (m.FirstName != "" || m.LastName != "") {
		return parts(or(m.FirstName, givenName), or(m.LastName, familyName))
	}
	if name := r.text(m.NameClaim()); name != "" || m.Name != "" {
		return name
	}
	return parts(givenName, familyName)
}

// groups reads the claim of the groups. One that is not there says nothing about them, nor does one that stands elsewhere.
func (r *reader) groups(name string) (groups []string, missing bool) {
	if name == "" || !r.object.has(name) || r.object.elsewhere(name) {
		return nil, true
	}
	for _, group := range r.texts(name, object.textOrTexts) {
		if group = strings.TrimSpace(group); group != "" {
			groups = append(groups, group)
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups), false
}

// elsewhere says that a claim is left out since it is too long for the token: Entra ID then names where it could be asked for (OpenID
// Connect Core 1.0, section 5.6.2).
func (o object) elsewhere(name string) bool {
	if !o.has("_claim_names") {
		return false
	}
	names, err := parseObject(o["_claim_names"])
	return err != nil || names.has(name)
}

// maxShown bounds a value that is shown.
const maxShown = 1000

// shown is all that the provider says, as text.
func (o object) shown() map[string][]string {
	all := make(map[string][]string, len(o))
	for name := range o {
		values, err := o.textOrTexts(name)
		if err != nil {
			text := string(o[name])
			values = []string{text[:min(len(text), maxShown)]}
		}
		all[name] = values
	}
	return all
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
