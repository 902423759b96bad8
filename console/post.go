package console

import (
	"maps"
	"slices"

	"github.com/seed-2a059015/gatehouse/sso"
)

// postPage carries a message to a provider that wants it as a form (SAML 2.0 Bindings, section 3.5). Its script submits the form at once;
// without scripts there is a button.
type postPage struct {
	To     string
	Fields []postField
	// Leaving says that the person is signing out.
	Leaving bool
}

type postField struct{ Name, Value string }

// Its form leaves for wherever the provider redirects to from there.
func (postPage) frame() frame {
	return frame{file: "post", title: "Continue to your identity provider", narrow: true, script: "post.js", leaves: true}
}

func postPageOf(to sso.Redirect) postPage {
	p := postPage{To: to.URL}
	for _, name := range slices.Sorted(maps.Keys(to.Form)) {
		for _, value := range to.Form[name] {
			p.Fields = append(p.Fields, postField{name, value})
		}
	}
	return p
}
