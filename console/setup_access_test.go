package console_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/seed-2a059015/gatehouse/console"
)

// TestPagesCanBeUsedWithoutEyesAndMouse holds every page to what assistive technology needs of it.
func TestPagesCanBeUsedWithoutEyesAndMouse(t *testing.T) {
	t.Parallel()
	for _, s := range console.Samples() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			doc, err := html.Parse(strings.NewReader(draw(t, s)))
			must(t, err)
			holdAccessible(t, elementsOf(doc))
		})
	}
}

func TestAccessibilityFindsWhatIsMissing(t *testing.T) {
	t.Parallel()
	for what, text := range map[string]string{
		"no heading": `<p>x`, "two headings": `<h1>a</h1><h1>b</h1>`, "an input without a label": `<h1>a</h1><input id="x">`,
		"a label of nothing": `<h1>a</h1><label for="x">y</label>`, "an empty button": `<h1>a</h1><button><img alt=""></button>`,
		"two of one id": `<h1 id="a">a</h1><p id="a">`, "a description that is not there": `<h1>a</h1><label for="i">i</label><input id="i" aria-describedby="x">`,
		"an image without alt": `<h1>a</h1><img src="x">`, "fields without a legend": `<h1>a</h1><fieldset></fieldset>`,
		"a link to nowhere": `<h1>a</h1><a href="#x">y</a>`, "a skipped level": `<h1>a</h1><h3>b</h3>`,
	} {
		doc, err := html.Parse(strings.NewReader(text))
		must(t, err)
		if len(inaccessible(elementsOf(doc))) == 0 {
			t.Errorf("nothing was found wrong with %s: %s", what, text)
		}
	}
}

func holdAccessible(tb testing.TB, page []*html.Node) {
	tb.Helper()
	for _, mistake := range inaccessible(page) {
		tb.Error(mistake)
	}
}

// inaccessible lists what is wrong with a page.
func inaccessible(page []*html.Node) (mistakes []string) {
	ids, labels, headings, steps := map[string]int{}, map[string]bool{}, 0, 0
	for _, n := range page {
		if id := attribute(n, "id"); id != "" {
			ids[id]++
		}
		if n.Data == "label" {
			labels[attribute(n, "for")] = true
		}
		if attribute(n, "aria-current") == "step" {
			steps++
		}
	}
	add := func(n *html.Node, what string) {
		var b strings.Builder
		_ = html.Render(&b, &html.Node{Type: html.ElementNode, Data: n.Data, Attr: n.Attr})
		mistakes = append(mistakes, what+": "+b.String())
	}
	level := 1
	for _, n := range page {
		if id := attribute(n, "id"); ids[id] > 1 {
			add(n, "the id is there twice")
		}
		for _, of := range []string{"aria-describedby", "aria-labelledby"} {
			for id := range strings.FieldsSeq(attribute(n, of)) {
				if ids[id] == 0 {
					add(n, of+" names what is not there")
				}
			}
		}
		switch n.Data {
		case "input", "select", "textarea":
			if attribute(n, "type") != "hidden" && !labels[attribute(n, "id")] && attribute(n, "aria-label") == "" {
				add(n, "it has no label")
			}
		case "label":
			if ids[attribute(n, "for")] == 0 || textOf(n) == "" {
				add(n, "it labels nothing")
			}
		case "button", "a", "summary", "legend", "h1", "h2", "h3":
			if textOf(n) == "" && attribute(n, "aria-label") == "" {
				add(n, "it has no name")
			}
			if to := attribute(n, "href"); n.Data == "a" && (to == "" || to[0] == '#' && ids[to[1:]] == 0) {
				add(n, "it leads nowhere")
			}
		case "img":
			if !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "alt" }) {
				add(n, "it has no alt")
			}
		case "fieldset":
			if first := n.FirstChild; !slices.ContainsFunc(elementsOf(n), func(n *html.Node) bool { return n.Data == "legend" }) || first == nil {
				add(n, "it has no legend")
			}
		}
		if strings.HasPrefix(n.Data, "h") && len(n.Data) == 2 && n.Data[1] >= '1' && n.Data[1] <= '6' {
			now := int(n.Data[1] - '0')
			if now == 1 {
				headings++
			}
			if now > level+1 {
				add(n, "a level of headings is left out")
			}
			level = now
		}
	}
	if headings != 1 {
		mistakes = append(mistakes, "the page has no heading, or more than one")
	}
	if steps > 1 {
		mistakes = append(mistakes, "the page is at more than one step")
	}
	return mistakes
}

// elementsOf lists all elements below a node, in order.
func elementsOf(n *html.Node) (list []*html.Node) {
	for child := range n.Descendants() {
		if child.Type == html.ElementNode {
			list = append(list, child)
		}
	}
	return list
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// textOf is what a screen reader says of an element: its text, and that of its images.
func textOf(n *html.Node) string {
	var b strings.Builder
	for child := range n.Descendants() {
		if child.Type == html.TextNode {
			b.WriteString(child.Data)
		}
		if child.Type == html.ElementNode && child.Data == "img" {
			b.WriteString(attribute(child, "alt"))
		}
	}
	return strings.TrimSpace(b.String())
}
