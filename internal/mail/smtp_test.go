package mail_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/internal/secret"
)

func hello() mail.Message {
	return mail.Message{To: "ada@example.com", Subject: "Grüße", Text: "Hello.\n.\nBye.\n", HTML: "<p>Hello.</p>"}
}

func sender(tb testing.TB, s *server, url string) *mail.SMTP {
	tb.Helper()
	m, err := mail.NewSMTP(mail.Config{
		URL: secret.New(url), From: "Gatehouse <no-reply@gatehouse.example>", Timeout: 2 * time.Second, Roots: s.roots,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func TestAMessageArrives(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		behavior behavior
		url      func(addr string) string
		tls      bool
	}{
		"plain on loopback": {behavior{noSTARTTLS: true}, func(a string) string { return "smtp://" + a }, false},
		"STARTTLS":          {behavior{}, func(a string) string { return "smtp://u:p%40ss@" + a + "?tls=required" }, true},
		"implicit TLS":      {behavior{implicitTLS: true}, func(a string) string { return "smtps://u:p%40ss@" + a }, true},
		"rude goodbye":      {behavior{rudeGoodbye: true}, func(a string) string { return "smtp://" + a }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tt.behavior)
			if err := sender(t, s, tt.url(s.addr())).Send(t.Context(), hello()); err != nil {
				t.Fatalf("Send() = %v, want nil", err)
			}
			commands, mails := s.received()
			if len(mails) != 1 {
				t.Fatalf("mails = %d, want 1", len(mails))
			}
			for _, want := range []string{
				"From: \"Gatehouse\" <no-reply@gatehouse.example>", "To: <ada@example.com>", "Subject: =?UTF-8?", "Auto-Submitted: auto-generated",
				"@gatehouse.example>", "text/plain", "text/html", "<p>Hello.</p>",
			} {
				if !strings.Contains(mails[0], want) {
					t.Errorf("mail lacks %q:\n%s", want, mails[0])
				}
			}
			auth := "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00u\x00p@ss"))
			if got := slices.Contains(commands, auth); got != tt.tls {
				t.Errorf("password sent = %v, want %v: %q", got, tt.tls, commands)
			}
		})
	}
}

func TestWithoutTLSNothingIsSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		behavior behavior
		scheme   string
		trusted  bool
	}{
		"STARTTLS is not offered":        {behavior{noSTARTTLS: true}, "smtp", true},
		"STARTTLS is refused":            {behavior{answers: map[string]string{"STARTTLS": "454 not now"}}, "smtp", true},
		"the certificate is unknown":     {behavior{}, "smtp", false},
		"the certificate is unknown (2)": {behavior{implicitTLS: true}, "smtps", false},
		"the server speaks no TLS":       {behavior{}, "smtps", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tt.behavior)
			if !tt.trusted {
				s.roots = nil
			}
			url := tt.scheme + "://u:secret@" + s.addr()
			if tt.scheme == "smtp" {
				url += "?tls=required"
			}
			if err := sender(t, s, url).Send(t.Context(), hello()); err == nil {
				t.Error("Send() = nil, want an error")
			}
			commands, mails := s.received()
			if len(mails) > 0 || strings.Contains(strings.Join(commands, "\n"), "MAIL FROM") || strings.Contains(strings.Join(commands, "\n"), "AUTH ") {
				t.Errorf("commands = %q, want nothing of the mail or the password", commands)
			}
		})
	}
}

func TestOnlyAFinalAnswerIsARefusal(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers map[string]string
		refused bool
	}{
		"no such recipient":       {map[string]string{"RCPT": "550 no ada@example.com here"}, true},
		"the recipient is greyed": {map[string]string{"RCPT": "451 later, ada@example.com"}, false},
		"the sender is refused":   {map[string]string{"MAIL": "550 who are you, ada@example.com"}, false},
		"the server is full":      {map[string]string{"DATA": "452 full"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, behavior{answers: tt.answers})
			err := sender(t, s, "smtp://"+s.addr()).Send(t.Context(), hello())
			if err == nil || errors.Is(err, mail.ErrRefused) != tt.refused {
				t.Errorf("Send() = %v, want refused = %v", err, tt.refused)
			}
			if err != nil && strings.Contains(err.Error(), "ada@") {
				t.Errorf("Send() = %v, want no address in the error", err)
			}
		})
	}
}

func TestASilentServerIsLeft(t *testing.T) {
	t.Parallel()
	s := serve(t, behavior{hangs: true})
	m, err := mail.NewSMTP(mail.Config{URL: secret.New("smtp://" + s.addr()), From: "a@b.example", Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := m.Send(t.Context(), hello()); err == nil {
		t.Error("Send() = nil, want an error")
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("Send() took %v, want about the timeout", d)
	}
}

func TestNewSMTPRefuses(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "mail.example", "http://mail.example", "smtp://", "smtp://mail.example:0", "smtp://mail.example:65536", "smtp://mail.example/path",
		"smtp://mail.example?tls=maybe", "smtp://mail.example?tls=opportunistic", "smtp://mail.example?tls=none&tls=required",
		"smtp://mail.example?insecure=1", "smtps://mail.example?tls=none", "smtp://u:hunter2@mail.example?tls=none", "smtp://u:hunter2@:25",
		"smtp://u:hunter2@mail.example:port", "smtp://u:hunter2@mail.example#x", "smtp://u:hunt%zzer2@mail.example", "smtp:u:hunter2@mail.example",
	} {
		_, err := mail.NewSMTP(mail.Config{URL: secret.New(url), From: "a@b.example"})
		if err == nil {
			t.Errorf("NewSMTP(%q) = nil, want an error", url)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("NewSMTP(%q) = %v, want no password in the error", url, err)
		}
	}
	for _, from := range []string{"", "nobody", "a@b.example, c@d.example", "\"a\r\nBcc: x\" <a@b.example>", "<a b@c.example>"} {
		if _, err := mail.NewSMTP(mail.Config{URL: secret.New("smtps://mail.example"), From: from}); err == nil {
			t.Errorf("NewSMTP(From: %q) = nil, want an error", from)
		}
	}
	_, err := mail.NewSMTP(mail.Config{})
	if err == nil || !strings.Contains(err.Error(), "URL") || !strings.Contains(err.Error(), "sender") {
		t.Errorf("NewSMTP() = %v, want both mistakes", err)
	}
	for _, url := range []string{"smtp://mail.example", "smtps://u:p@mail.example:4650", "smtp://mailpit:1025?tls=none", "smtp://[::1]:25"} {
		if _, err := mail.NewSMTP(mail.Config{URL: secret.New(url), From: "Ä Ö <a@b.example>"}); err != nil {
			t.Errorf("NewSMTP(%q) = %v, want nil", url, err)
		}
	}
}
