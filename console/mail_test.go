package console_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/mail"
)

func TestMailIsShownInDevelopment(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser(t)
	b.get("/dev/mail").shows(t, "the empty outbox", 200, "Nothing was sent yet.")
	must(t, b.w.outbox.Send(t.Context(), mail.Message{
		To: "owner@acme.test", Subject: "Your <b>link</b>", Text: "Here:\n" + base + "/login/link#ghl_1\nnot http://evil.test/",
	}))
	b.get("/dev/mail").shows(t, "the outbox", 200, "Your &lt;b&gt;link", `<a href="`+base+`/login/link#ghl_1">`)
}
