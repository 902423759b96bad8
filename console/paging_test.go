package console_test

import (
	"html"
	"net/url"
	"regexp"
	"testing"

	"github.com/seed-2a059015/gatehouse/console"
)

// The next page is what the address says, so it must say it to the server and not to the reader.
func TestLinksToTheNextPageSayWhichOneItIs(t *testing.T) {
	t.Parallel()
	link, found := regexp.MustCompile(`href="(\?[^"]*)"`), map[string]bool{}
	for _, s := range console.Samples() {
		for _, m := range link.FindAllStringSubmatch(draw(t, s), -1) {
			to, err := url.Parse(html.UnescapeString(m[1]))
			must(t, err)
			if q := to.Query(); q.Get("before") == "" && q.Get("after") == "" {
				t.Errorf("page %s leads to %s, which names no page", s.Name, m[1])
			}
			found[s.Name] = true
		}
	}
	for _, name := range []string{"attempts", "invitations", "setup-links", "members"} {
		if !found[name] {
			t.Errorf("page %s leads to no next one", name)
		}
	}
}
