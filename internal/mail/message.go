package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a message. A line of a header may have 998 bytes (RFC 5322, section 2.1.1).
const (
	maxAddress = 254
	maxSubject = 200
	maxBody    = 64 << 10
)

// ErrInvalid is wrapped by every error of [Message.Check]. Sending the message again would fail again.
var ErrInvalid = errors.New("invalid message")

// Message is one mail to one person. Text is required; HTML, if there is one, says the same.
type Message struct {
	To      string // an address without a name
	Subject string
	Text    string
	HTML    string // made by html/template
}

// Sender hands a message over. An error that wraps [ErrInvalid] or [ErrRefused] will not go away by trying again.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Check says why the message cannot be sent. It never repeats what is wrong, since the text would reach a log.
func (m Message) Check() error {
	var wrong []error
	add := func(bad bool, what string) {
		if bad {
			wrong = append(wrong, fmt.Errorf("%w: %s", ErrInvalid, what))
		}
	}
	add(!isAddress(m.To), "the recipient is not one plain address")
	add(m.Subject == "" || utf8.RuneCountInString(m.Subject) > maxSubject, "the subject is empty or too long")
	add(!isLine(m.Subject), "the subject has a line break or a control character")
	add(strings.TrimSpace(m.Text) == "", "the text is empty")
	add(len(m.Text) > maxBody || len(m.HTML) > maxBody, "the body is too long")
	add(!isText(m.Text) || !isText(m.HTML), "the body has a control character")
	return errors.Join(wrong...)
}

// isAddress accepts what people are mailed at: name@domain, nothing around it. A quoted local part could hold spaces and a second address.
func isAddress(s string) bool {
	if len(s) > maxAddress || strings.ContainsAny(s, "\"<>(),:;\\ ") || !isLine(s) {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s
}

// isLine says that s can stand in a header as one line.
func isLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || isInvisible(r) })
}

func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t'
	})
}

// placeholder is what printers show of a message.
const placeholder = "[mail]"

// Format writes a placeholder for every verb.
func (m Message) Format(f fmt.State, _ rune) { fmt.Fprint(f, placeholder) }

// LogValue returns a placeholder.
func (m Message) LogValue() slog.Value { return slog.StringValue(placeholder) }

// MarshalText returns a placeholder, so that a message cannot reach a log or a job within another value.
func (m Message) MarshalText() ([]byte, error) { return []byte(placeholder), nil }
