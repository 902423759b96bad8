package mail

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/seed-2a059015/gatehouse/internal/secret"
)

// ErrRefused is wrapped when the server has said that it will never take the message.
var ErrRefused = errors.New("refused by the mail server")

// Config says how mail leaves.
type Config struct {
	// URL is smtp://user:password@host:587 (STARTTLS is required) or smtps://host (TLS from the first byte). Mail goes unencrypted to
	// loopback and where ?tls=none says so.
	URL     secret.Text
	From    string         // address, or Name <address>
	Timeout time.Duration  // of connecting, and again of handing over; 0 means 10 seconds
	Roots   *x509.CertPool // nil means the system's
}

// SMTP is a [Sender] over a mail server. It connects for each message: mails are few, and a kept connection is one that has died.
type SMTP struct {
	server  server
	from    *mail.Address
	timeout time.Duration
	tls     *tls.Config
	options []gomail.Option
}

// NewSMTP checks the configuration and reports all mistakes. It does not connect.
func NewSMTP(cfg Config) (*SMTP, error) {
	srv, err := parseServer(cfg.URL)
	from, fromErr := mail.ParseAddress(cfg.From)
	switch {
	case fromErr != nil:
		fromErr = errors.New("the sender of mail is not an address")
	case !isAddress(from.Address) || !isLine(from.Name):
		fromErr = errors.New("the sender of mail is not a plain address")
	}
	if err := errors.Join(err, fromErr); err != nil {
		return nil, err
	}
	s := &SMTP{server: srv, from: from, timeout: cfg.Timeout}
	if s.timeout <= 0 {
		s.timeout = 10 * time.Second
	}
	s.options = []gomail.Option{gomail.WithPort(srv.port), gomail.WithTimeout(s.timeout), gomail.WithoutNoop()}
	s.tls = &tls.Config{ServerName: srv.host, MinVersion: tls.VersionTLS12, RootCAs: cfg.Roots}
	switch srv.security {
	case implicitTLS:
		s.options = append(s.options, gomail.WithSSL())
	case startTLS:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithTLSConfig(s.tls))
	case plain:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if srv.user != "" {
		// The library refuses to send a password without TLS, loopback excepted.
		s.options = append(s.options, gomail.WithUsername(srv.user), gomail.WithPassword(srv.password.Reveal()),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return s, nil
}

// Send implements [Sender]. It returns when the server has taken the message, or has not in time.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from)
	msg.ToMailAddress(&mail.Address{Address: m.To})
	msg.Subject(m.Subject)
	msg.SetDate()
	// The library would write the name of this machine.
	msg.SetMessageIDWithValue(rand.Text() + s.from.Address[strings.LastIndexByte(s.from.Address, '@'):])
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // keeps vacation notices from answering (RFC 3834)
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	conn, err := s.dial(ctx)
	if err != nil {
		return fmt.Errorf("connect to the mail server %s: %w", s.server, err)
	}
	// Closing is ours: the library forgets the connection when a greeting, TLS or the password fails, and ctx does not reach it.
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // stops the watch
	dialed := gomail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return conn, nil })
	client, err := gomail.NewClient(s.server.host, append(slices.Clip(s.options), dialed)...)
	if err != nil {
		return fmt.Errorf("prepare mail: %w", err)
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("greet the mail server %s: %w", s.server, err)
	}
	if err := client.SendWithSMTPClient(session, msg); err != nil {
		return s.explain(err)
	}
	// A failure to say goodbye is not returned: the mail is delivered, and would be sent again.
	_ = client.CloseWithSMTPClient(session)
	return nil
}

func (s *SMTP) dial(ctx context.Context) (net.Conn, error) {
	d := &net.Dialer{Timeout: s.timeout}
	if s.server.security == implicitTLS {
		return (&tls.Dialer{NetDialer: d, Config: s.tls}).DialContext(ctx, "tcp", s.server.String())
	}
	return d.DialContext(ctx, "tcp", s.server.String())
}

// explain leaves out the recipient and what the server said beyond its code: the text ends in a log and in the jobs table. Only what the
// server says of the recipient or the content is final; a refused sender is a mistake in the configuration, which can be repaired.
func (s *SMTP) explain(err error) error {
	sent, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		return fmt.Errorf("send mail through %s: %w", s.server, err)
	}
	if sent.ErrorCode() >= 500 && (sent.Reason == gomail.ErrSMTPRcptTo || sent.Reason == gomail.ErrSMTPDataClose) {
		return fmt.Errorf("%w: %s: code %d", ErrRefused, sent.Reason, sent.ErrorCode())
	}
	return fmt.Errorf("send mail through %s: %s: code %d", s.server, sent.Reason, sent.ErrorCode())
}
