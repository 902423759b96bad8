package samlforge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// sizeScenarios cost time and memory.
func sizeScenarios() []Scenario {
	outside := []Mode{SignAssertion, SignThenEncrypt}
	deep := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	inside := func(content string) func(*Options, *Tools) {
		return rewritten(func(doc string) string {
			return strings.Replace(doc, "</saml:Assertion>", content+"</saml:Assertion>", 1)
		})
	}
	groups := func(n int) func(*Options, *Tools) {
		return func(o *Options, _ *Tools) {
			many := Attribute{Name: "many", NameFormat: NameBasic}
			for i := range n {
				many.Values = append(many.Values, fmt.Sprintf("group %d", i))
			}
			o.Subject.Attributes = append(slices.Clip(o.Subject.Attributes), many)
		}
	}
	list := refused(outside,
		row{"SAML-068-1000", "a thousand elements in each other", extended(deep(1_000))},
		row{"SAML-068-10000", "ten thousand elements in each other", extended(deep(10_000))},
		row{"SAML-068-100000", "a hundred thousand elements in each other", extended(deep(100_000))},
		row{"SAML-068-500000", "half a million elements in each other", extended(deep(500_000))},
		row{"SAML-068-open", "a hundred thousand elements that never end", sent(func(doc string) string {
			return strings.Replace(doc, "</saml:Issuer>", "</saml:Issuer>"+strings.Repeat("<a>", 100_000), 1)
		})},
		row{"SAML-069", "a hundred thousand elements beside each other", extended(strings.Repeat("<a/>", 100_000))},
		row{"SAML-072", "twenty thousand attributes", extended("<a " + repeated(`a%d="" `, 20_000) + "/>")},
		row{"SAML-073", "five thousand namespaces", extended("<a " + repeated(`xmlns:n%d="urn:n" `, 5_000) + "/>")},
	)
	list = append(list, refused([]Mode{SignThenEncrypt},
		row{"SAML-068-inside", "ten thousand elements in each other, encrypted", inside(deep(10_000))},
		row{"SAML-069-inside", "a hundred thousand elements beside each other, encrypted", inside(strings.Repeat("<a/>", 100_000))},
		row{"SAML-072-inside", "twenty thousand attributes, encrypted", inside("<a " + repeated(`a%d="" `, 20_000) + "/>")},
	)...)
	list = append(list, refused(plainModes(),
		row{"SAML-070", "a junk signature and more than a thousand elements", forged(func(doc *etree.Document, o *Options) {
			forgeRoot(doc, o)
			crowd := element("samlp:Extensions")
			for range 1_100 {
				put(crowd, element("x"))
			}
			insertAfter(at(doc, "/Response/Issuer"), crowd)
			place(doc, junkSignature())
			at(doc, "/Response/Assertion").InsertChildAt(1, junkSignature())
		})})...)
	list = append(list, refused(allModes(), row{"SAML-071-25000", "a person in 25,000 groups", groups(25_000)})...)
	return append(list, scenarios(Accept, allModes(),
		row{"SAML-071", "a person in 1,100 groups", groups(1_100)},
		row{"SAML-071-3000", "a person in 3,000 groups", groups(3_000)},
	)...)
}

func repeated(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}
