package console_test

import (
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
)

func TestSAML_166_OurMetadataIsPublicAndTheRestLooksTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, _ := w.connectSAML(t, func(*sso.SAMLDraft) {})
	b := w.browser(t)
	path := strings.TrimPrefix(w.signIn.EntityID(c.ID), base)
	got := b.get(path)
	if got.Code != 200 || got.Header().Get("Content-Type") != "application/samlmetadata+xml" || got.Header().Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("GET %s = %d %v", path, got.Code, got.Header())
	}
	for _, want := range []string{w.signIn.EntityID(c.ID), w.signIn.CallbackURL(c), w.signIn.LogoutURL(c.ID), "WantAssertionsSigned=\"true\""} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the metadata has no %q:\n%s", want, got.body)
		}
	}
	for _, which := range []string{id.New[id.Connection]().String(), "con_nonsense", id.Google.String()} {
		b.get("/sso/saml/"+which+"/metadata").shows(t, "metadata of "+which, 404, "There is no such page")
	}
}
