package samlforge

import (
	"slices"

	"github.com/beevik/etree"
)

// element makes an element with attributes, given as name and value in turn.
func element(tag string, attributes ...string) *etree.Element {
	el := etree.NewElement(tag)
	for pair := range slices.Chunk(attributes, 2) {
		el.CreateAttr(pair[0], pair[1])
	}
	return el
}

// textual is an element that holds text alone.
func textual(tag, value string, attributes ...string) *etree.Element {
	el := element(tag, attributes...)
	el.SetText(value)
	return el
}

// put appends children and returns the parent.
func put(parent *etree.Element, children ...*etree.Element) *etree.Element {
	for _, child := range children {
		parent.AddChild(child)
	}
	return parent
}

// setSome sets an attribute, if there is something to say.
func setSome(el *etree.Element, name, value string) {
	if value != "" {
		el.CreateAttr(name, value)
	}
}

// at finds an element of a document that was built here. What is not there is a mistake in a scenario.
func at(doc *etree.Document, path string) *etree.Element {
	el := doc.FindElement(path)
	if el == nil {
		panic("samlforge: the document has no " + path)
	}
	return el
}

// drop removes all elements of a path.
func drop(doc *etree.Document, path string) {
	for _, el := range doc.FindElements(path) {
		el.Parent().RemoveChild(el)
	}
}

// insertAfter puts a new sibling behind an element, insertBefore in front of it.
func insertAfter(el, sibling *etree.Element) { el.Parent().InsertChildAt(el.Index()+1, sibling) }

func insertBefore(el, sibling *etree.Element) { el.Parent().InsertChildAt(el.Index(), sibling) }

// replace puts another element in the place of one.
func replace(el, by *etree.Element) {
	insertBefore(el, by)
	el.Parent().RemoveChild(el)
}
