package samlforge

import (
	"math/rand/v2"

	"github.com/beevik/etree"
)

// Mutate makes one to four random changes to the structure of a document: it moves, copies, drops, wraps and renames
// elements, exchanges and changes attributes and texts, and inserts comments. What comes out is still XML, mostly. A mutant
// of a document with an unsigned part may be as good as the original; it must never say something else that is believed.
// A document that is no XML comes back as it is. One source makes the same mutants of a document again.
func Mutate(raw []byte, chance rand.Source) []byte {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(raw); err != nil || doc.Root() == nil {
		return raw
	}
	m := mutation{doc: doc, r: rand.New(chance)}
	for range 1 + m.r.IntN(4) {
		m.step()
	}
	out, err := doc.WriteToBytes()
	if err != nil {
		return raw
	}
	return out
}

type mutation struct {
	doc *etree.Document
	r   *rand.Rand
}

func (m *mutation) step() {
	steps := []func(*etree.Element){
		m.move, m.copyElement, m.dropElement, m.wrap, m.swap, m.rename, m.declare,
		m.changeText, m.insert, m.changeAttribute, m.swapAttributes, m.dropAttribute, m.duplicateAttribute,
	}
	steps[m.r.IntN(len(steps))](m.any())
}

// any picks an element; never nil, since no step takes away the root.
func (m *mutation) any() *etree.Element {
	all := append(m.doc.FindElements("//*"), m.doc.Root())
	return all[m.r.IntN(len(all))]
}

func (m *mutation) isRoot(el *etree.Element) bool { return el == m.doc.Root() }

// place puts an element at a random position of a random parent.
func (m *mutation) place(el *etree.Element) {
	parent := m.any()
	parent.InsertChildAt(m.r.IntN(len(parent.Child)+1), el)
}

func (m *mutation) move(el *etree.Element) {
	if !m.isRoot(el) {
		el.Parent().RemoveChild(el)
		m.place(el)
	}
}

func (m *mutation) copyElement(el *etree.Element) { m.place(el.Copy()) }

func (m *mutation) dropElement(el *etree.Element) {
	if !m.isRoot(el) {
		el.Parent().RemoveChild(el)
	}
}

func (m *mutation) wrap(el *etree.Element) {
	if m.isRoot(el) {
		return
	}
	tags := []string{"samlp:Extensions", "ds:Object", "saml:Assertion", "saml:Advice", "samlp:Response"}
	outer := element(tags[m.r.IntN(len(tags))], "xmlns:ds", nsSignature, "xmlns:saml", nsAssertion, "xmlns:samlp", nsProtocol)
	insertBefore(el, outer)
	el.Parent().RemoveChild(el)
	put(outer, el)
}

func (m *mutation) swap(el *etree.Element) {
	other := m.any()
	if m.isRoot(el) || m.isRoot(other) {
		return
	}
	a, b := el.Copy(), other.Copy()
	el.Space, el.Tag, el.Attr = b.Space, b.Tag, b.Attr
	other.Space, other.Tag, other.Attr = a.Space, a.Tag, a.Attr
	el.Child, other.Child = nil, nil
	for _, t := range b.Child {
		el.AddChild(t)
	}
	for _, t := range a.Child {
		other.AddChild(t)
	}
}

func (m *mutation) rename(el *etree.Element) {
	if m.r.IntN(2) == 0 {
		el.Tag = m.any().Tag
		return
	}
	el.Space = m.any().Space
}

func (m *mutation) declare(el *etree.Element) {
	uris := []string{nsAssertion, nsProtocol, nsSignature, "urn:x", ""}
	prefixes := []string{"xmlns", "xmlns:saml", "xmlns:samlp", "xmlns:ds", "xmlns:x"}
	el.CreateAttr(prefixes[m.r.IntN(len(prefixes))], uris[m.r.IntN(len(uris))])
}

func (m *mutation) changeText(el *etree.Element) {
	text := []string{m.any().Text(), el.Text() + "x", "x" + el.Text(), "", "owner@victim.test", " " + el.Text() + "\n"}
	el.SetText(text[m.r.IntN(len(text))])
}

func (m *mutation) insert(el *etree.Element) {
	tokens := []etree.Token{
		etree.NewComment("x"), etree.NewProcInst("x", "y"), etree.NewCData("x"), etree.NewText("x"), etree.NewText(" \n"),
	}
	token := tokens[m.r.IntN(len(tokens))]
	text := el.Text()
	if text == "" || len(el.ChildElements()) > 0 {
		el.InsertChildAt(m.r.IntN(len(el.Child)+1), token)
		return
	}
	at := m.r.IntN(len(text) + 1)
	el.Child = nil
	el.CreateText(text[:at])
	el.AddChild(token)
	el.CreateText(text[at:])
}

func (m *mutation) attribute(el *etree.Element) *etree.Attr {
	if len(el.Attr) == 0 {
		return &etree.Attr{} // a change of it goes nowhere
	}
	return &el.Attr[m.r.IntN(len(el.Attr))]
}

func (m *mutation) changeAttribute(el *etree.Element) {
	values := []string{"", "x", m.attribute(m.any()).Value, m.doc.Root().SelectAttrValue("ID", ""), "2099-01-01T00:00:00Z"}
	m.attribute(el).Value = values[m.r.IntN(len(values))]
}

func (m *mutation) swapAttributes(el *etree.Element) {
	a, b := m.attribute(el), m.attribute(m.any())
	a.Value, b.Value = b.Value, a.Value
}

func (m *mutation) dropAttribute(el *etree.Element) {
	if len(el.Attr) > 0 {
		el.RemoveAttr(el.Attr[m.r.IntN(len(el.Attr))].FullKey())
	}
}

func (m *mutation) duplicateAttribute(el *etree.Element) {
	if len(el.Attr) > 0 {
		extra := *m.attribute(m.any())
		el.Attr = append(el.Attr, extra)
	}
}
