package console_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/console"
)

func TestDocumentsAreIndentedForPeople(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ kind, in, want string }{
		"a response": {
			"saml_response", `<?xml version="1.0"?><r a="x>y"><!-- -- --><i>me</i><s/><a><b></b></a></r>`,
			"<?xml version=\"1.0\"?>\n<r a=\"x>y\">\n  <!-- -- -->\n  <i>me</i>\n  <s/>\n  <a>\n    <b>\n    </b>\n  </a>\n</r>",
		},
		"one with line breaks": {"saml_response", "<r>\n <i>a > b</i>\n</r>", "<r>\n <i>a > b</i>\n</r>"},
		"one that is cut":      {"saml_response", `<r><i a="`, "<r>\n  <i a=\""},
		"no document":          {"saml_response", `</r></r>text`, "</r>\n</r>text"},
		"nothing":              {"saml_response", "", ""},
		"a token":              {"id_token", `{"sub":"me"}`, "{\n  \"sub\": \"me\"\n}"},
		"no token":             {"id_token", `<a><b>`, `<a><b>`},
	} {
		if diff := cmp.Diff(test.want, console.Legible(test.kind, test.in)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What is hostile is shown too, and does not become much larger by that.
func TestADeepDocumentStaysSmall(t *testing.T) {
	t.Parallel()
	for _, n := range []int{19_000, 300_000} {
		doc := strings.Repeat("<a>", n)
		got := console.Legible("saml_response", doc)
		if len(got) > 20*len(doc) {
			t.Errorf("%d bytes become %d, want at most twenty times as many", len(doc), len(got))
		}
		if strings.NewReplacer("\n", "", " ", "").Replace(got) != doc {
			t.Errorf("a document of %d tags is shown with other tags", n)
		}
	}
}
