package secret

import "errors"

// ErrPlaceholder is returned when the placeholder that stands for a secret in output comes back as input. A client
// that reads a resource and writes it back would otherwise replace the secret with the placeholder.
var ErrPlaceholder = errors.New("the placeholder of a redacted secret is not a secret")

// Text is a secret string. Only Reveal returns it: fmt, slog, encoding/json and templates show [redacted].
// It decodes from JSON and from the environment like a string. Two texts are compared with Equal.
type Text struct {
	redacted
	_ [0]func() // == would compare pointers

	// A pointer, because fmt cannot call methods on unexported fields and prints what they hold; of a nested
	// pointer it prints the address.
	value *string
}

// New returns s as a secret. The empty string is the zero Text.
func New(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{value: &s}
}

// Reveal returns the secret itself. Each call is a place to look at in a review.
func (t Text) Reveal() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// IsZero reports whether there is no secret.
func (t Text) IsZero() bool { return t.value == nil }

// Equal compares in constant time.
func (t Text) Equal(other Text) bool { return Equal(t.Reveal(), other.Reveal()) }

// UnmarshalText takes the secret from JSON or the environment. It returns ErrPlaceholder for [redacted].
func (t *Text) UnmarshalText(text []byte) error {
	if string(text) == placeholder {
		return ErrPlaceholder
	}
	*t = New(string(text))
	return nil
}
