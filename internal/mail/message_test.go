package mail_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/mail"
)

func TestINV_11_AMessageCannotCarryMoreThanItShould(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*mail.Message){
		"header after the address":    func(m *mail.Message) { m.To = "ada@example.com\r\nBcc: eve@evil.example" },
		"second address":              func(m *mail.Message) { m.To = "ada@example.com,eve@evil.example" },
		"name and address":            func(m *mail.Message) { m.To = "Ada <ada@example.com>" },
		"quoted local part":           func(m *mail.Message) { m.To = "\"ada eve\"@example.com" },
		"comment":                     func(m *mail.Message) { m.To = "ada(eve)@example.com" },
		"no address":                  func(m *mail.Message) { m.To = "" },
		"NUL in the address":          func(m *mail.Message) { m.To = "ada\x00@example.com" },
		"long address":                func(m *mail.Message) { m.To = strings.Repeat("a", 300) + "@example.com" },
		"header after the subject":    func(m *mail.Message) { m.Subject = "Hi\r\nBcc: eve@evil.example" },
		"bare line feed":              func(m *mail.Message) { m.Subject = "Hi\nBcc: eve@evil.example" },
		"line separator":              func(m *mail.Message) { m.Subject = "Hi\u2028Bcc" },
		"text turned around":          func(m *mail.Message) { m.Subject = "Hi \u202egnp.exe" },
		"escape sequence":             func(m *mail.Message) { m.Subject = "Hi \x1b[31m" },
		"long subject":                func(m *mail.Message) { m.Subject = strings.Repeat("x", 201) },
		"no subject":                  func(m *mail.Message) { m.Subject = "" },
		"no text":                     func(m *mail.Message) { m.Text = " \n" },
		"long text":                   func(m *mail.Message) { m.Text = strings.Repeat("x", 1<<17) },
		"long HTML":                   func(m *mail.Message) { m.HTML = strings.Repeat("x", 1<<17) },
		"NUL in the text":             func(m *mail.Message) { m.Text = "a\x00b" },
		"carriage return in the text": func(m *mail.Message) { m.Text = "a\r\n.\r\nMAIL FROM:<eve@evil.example>" },
		"invalid UTF-8":               func(m *mail.Message) { m.HTML = "\xff" },
	} {
		m := hello()
		change(&m)
		if err := m.Check(); !errors.Is(err, mail.ErrInvalid) {
			t.Errorf("%s: Check() = %v, want ErrInvalid", name, err)
		}
		var box mail.Outbox
		if err := box.Send(t.Context(), m); err == nil || len(box.Messages()) > 0 {
			t.Errorf("%s: Send() = %v and %d messages, want an error and none", name, err, len(box.Messages()))
		}
	}
	if err := hello().Check(); err != nil {
		t.Errorf("Check() = %v, want nil", err)
	}
}

func TestINV_11_ANameIsNeverALink(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Acme Inc.":                 "Acme Inc.",
		"  Acme \t Ltd ":            "Acme Ltd",
		"Zoë Müller 東京":             "Zoë Müller 東京",
		"evil.example":              "evil. example",
		"https://evil.example/x":    "https: //evil. example/x",
		"pay@evil.example":          "pay@ evil. example",
		"evil。example":              "evil。 example",
		"mailto:x":                  "mailto: x",
		"a\r\nBcc: eve":             "a Bcc: eve",
		"a\x00\x1b[31mb":            "a [31mb",
		"evil\u200b.\u200bexample":  "evil. example",
		"\u202egnp.exe":             "gnp. exe",
		"bad\xffbytes":              "badbytes",
		strings.Repeat("é", 10_000): strings.Repeat("é", 64) + "…",
		"":                          "",
	} {
		if got := mail.Name(in); got != want {
			t.Errorf("Name(%.60q) = %q, want %q", in, got, want)
		}
	}
}

func TestINV_11_ALetterEscapes(t *testing.T) {
	t.Parallel()
	m, err := mail.Letter{
		Subject:    "Sign in to " + mail.Name("<b>Acme</b>"),
		Paragraphs: []string{"Sign in to " + mail.Name("<a href=https://evil.example>Acme</a>") + "."},
		Action:     mail.Action{Label: "Sign in", URL: "https://gatehouse.example/login/link#ghl_1"},
		Note:       "Works once.",
	}.Message("ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Check(); err != nil {
		t.Errorf("Check() = %v, want nil", err)
	}
	if strings.Contains(m.HTML, "<b>") || strings.Count(m.HTML, "<a ") != 1 || strings.Contains(m.HTML, "evil.example") {
		t.Errorf("HTML has more than our own link:\n%s", m.HTML)
	}
	for _, body := range []string{m.Text, m.HTML} {
		if !strings.Contains(body, "https://gatehouse.example/login/link#ghl_1") || !strings.Contains(body, "Works once.") {
			t.Errorf("body lacks the link or the note:\n%s", body)
		}
	}
	m, err = mail.Letter{Subject: "x", Paragraphs: []string{"x"}, Action: mail.Action{URL: "javascript:alert(1)"}}.Message("ada@example.com")
	if err != nil || strings.Contains(m.HTML, `href="javascript:`) {
		t.Errorf("a script became a link: %v\n%s", err, m.HTML)
	}
}

func TestAUD_04_NoPrinterShowsABody(t *testing.T) {
	t.Parallel()
	m := hello()
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("sent", "mail", m, "nested", map[string]any{"m": m, "sent": mail.Sent{Message: m}})
	raw, err := json.Marshal(struct{ M mail.Message }{m})
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{
		log.String(), string(raw), fmt.Sprint(m), fmt.Sprintf("%+v %#v %s %q", m, m, m, &m), fmt.Sprintf("%v", mail.Sent{Message: m}),
	} {
		if strings.Contains(out, "Hello") || strings.Contains(out, "ada@") {
			t.Errorf("output = %s, want neither body nor recipient", out)
		}
	}
}

func TestTheOutboxForgetsTheOldest(t *testing.T) {
	t.Parallel()
	var box mail.Outbox
	for i := range 205 {
		m := hello()
		m.Subject = fmt.Sprint("number ", i)
		if err := box.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got := box.Messages()
	if len(got) != 200 || got[0].Subject != "number 204" || got[199].Subject != "number 5" {
		t.Errorf("Messages() = %d from %q to %q, want 200 from number 204 to number 5", len(got), got[0].Subject, got[len(got)-1].Subject)
	}
}
