package samlforge

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// canonicalizer writes elements in canonical form (RFC 3076 and the W3C's exclusive form). Documents have no DTD, and
// nothing is split between documents, so xml:base and default attributes do not matter.
type canonicalizer struct {
	exclusive, comments bool
	skip                *etree.Element // by the enveloped-signature transform
	out                 bytes.Buffer
}

// canonical writes el in the canonical form of the method, without skip. An unknown method counts as the exclusive one:
// what only a wrong verifier would accept does not have to be right.
func canonical(el *etree.Element, method string, skip *etree.Element) []byte {
	c := canonicalizer{
		exclusive: method != InclusiveC14N && method != InclusiveWithComments && method != InclusiveC14N11,
		comments:  method == ExclusiveWithComments || method == InclusiveWithComments,
		skip:      skip,
	}
	c.element(el, map[string]string{})
	return c.out.Bytes()
}

// element writes one element; rendered are the namespaces that the output declares so far.
func (c *canonicalizer) element(el *etree.Element, rendered map[string]string) {
	scope := scopeOf(el)
	wanted := scope
	if c.exclusive {
		wanted = visible(el, scope)
	}
	declared := maps.Clone(rendered)
	c.out.WriteString("<" + el.FullTag())
	for _, prefix := range slices.Sorted(maps.Keys(wanted)) {
		if uri := wanted[prefix]; declared[prefix] != uri {
			declared[prefix] = uri
			c.attribute(strings.TrimSuffix("xmlns:"+prefix, ":"), uri)
		}
	}
	plain := slices.DeleteFunc(slices.Clone(el.Attr), isDeclaration)
	slices.SortStableFunc(plain, func(a, b etree.Attr) int {
		return cmp.Or(cmp.Compare(spaceOf(a, scope), spaceOf(b, scope)), cmp.Compare(a.Key, b.Key))
	})
	for _, a := range plain {
		c.attribute(a.FullKey(), a.Value)
	}
	c.out.WriteString(">")
	for _, child := range el.Child {
		c.token(child, declared)
	}
	c.out.WriteString("</" + el.FullTag() + ">")
}

func (c *canonicalizer) token(token etree.Token, rendered map[string]string) {
	switch t := token.(type) {
	case *etree.Element:
		if t != c.skip {
			c.element(t, rendered)
		}
	case *etree.CharData:
		c.out.WriteString(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;").Replace(t.Data))
	case *etree.Comment:
		if c.comments {
			c.out.WriteString("<!--" + t.Data + "-->")
		}
	case *etree.ProcInst:
		c.out.WriteString("<?" + strings.TrimSpace(t.Target+" "+t.Inst) + "?>")
	}
}

func (c *canonicalizer) attribute(name, value string) {
	value = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;").Replace(value)
	c.out.WriteString(" " + name + `="` + value + `"`)
}

// scopeOf are the namespaces that hold at an element, by prefix; the prefix of the default one is empty.
func scopeOf(el *etree.Element) map[string]string {
	scope := map[string]string{}
	for ; el != nil; el = el.Parent() {
		for _, a := range el.Attr {
			prefix := ""
			if a.Space == "xmlns" {
				prefix = a.Key
			}
			if _, nearer := scope[prefix]; !nearer && isDeclaration(a) {
				scope[prefix] = a.Value
			}
		}
	}
	return scope
}

// visible are those that the names of an element and its attributes use.
func visible(el *etree.Element, scope map[string]string) map[string]string {
	used := map[string]string{el.Space: scope[el.Space]}
	for _, a := range el.Attr {
		if a.Space != "" && a.Space != "xml" && a.Space != "xmlns" {
			used[a.Space] = scope[a.Space]
		}
	}
	return used
}

func isDeclaration(a etree.Attr) bool {
	return a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns"
}

func spaceOf(a etree.Attr, scope map[string]string) string {
	if a.Space == "" {
		return ""
	}
	return scope[a.Space]
}
