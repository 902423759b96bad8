package samlforge

import (
	"fmt"
	"strings"
)

// entityScenarios have a document type. Where the document is a whole one inside EncryptedData, it is there.
func entityScenarios() []Scenario {
	doctype := func(content string) func(*Options, *Tools) {
		return rewritten(func(doc string) string { return "<!DOCTYPE r " + content + ">" + doc })
	}
	// named replaces the name of the person by an entity that stands for it, so that the signature is still good.
	named := func(definition func(*Options, *Tools) string, entity string) func(*Options, *Tools) {
		return func(o *Options, t *Tools) {
			name := ">" + o.Subject.NameID.Value + "</saml:NameID>"
			rewritten(func(doc string) string {
				return "<!DOCTYPE r [" + definition(o, t) + "]>" + strings.Replace(doc, name, ">"+entity+"</saml:NameID>", 1)
			})(o, t)
		}
	}
	fixed := func(s string) func(*Options, *Tools) string { return func(*Options, *Tools) string { return s } }
	return refused(allModes(),
		row{"SAML-057", "a directive with a comment inside", doctype("<!-- x -->")},
		row{"SAML-058", "a document type with an entity that nobody uses", doctype(`[<!ENTITY x "y">]`)},
		row{"SAML-058-bare", "an empty document type", doctype("")},
		row{"SAML-058-system", "a document type on the network", func(o *Options, t *Tools) { doctype(`SYSTEM "`+t.Canary+`"`)(o, t) }},
		row{"SAML-059", "an internal entity as NameID", named(func(o *Options, _ *Tools) string {
			return `<!ENTITY x "` + o.Subject.NameID.Value + `">`
		}, "&x;")},
		row{"SAML-060-file", "an external entity: a file", named(fixed(`<!ENTITY x SYSTEM "file:///etc/hostname">`), "&x;")},
		row{"SAML-060-url", "an external entity: a URL", named(func(_ *Options, t *Tools) string {
			return `<!ENTITY x SYSTEM "` + t.Canary + `">`
		}, "&x;")},
		row{"SAML-060-parameter", "a parameter entity: a URL", func(o *Options, t *Tools) {
			doctype(`[<!ENTITY % x SYSTEM "`+t.Canary+`"> %x;]`)(o, t)
		}},
		row{"SAML-061-laughs", "a billion laughs", named(fixed(laughs()), "&l9;")},
		row{"SAML-061-quadratic", "a long entity used often", named(fixed(`<!ENTITY x "`+strings.Repeat("x", 50_000)+`">`), strings.Repeat("&x;", 50_000))},
	)
}

func laughs() string {
	var b strings.Builder
	b.WriteString(`<!ENTITY l0 "lol">`)
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, `<!ENTITY l%d "%s">`, i, strings.Repeat(fmt.Sprintf("&l%d;", i-1), 10))
	}
	return b.String()
}
