package secret

import (
	"fmt"
	"io"
	"log/slog"
)

const placeholder = "[redacted]"

// redacted is embedded by the types that hold secrets and answers for them to every printer.
type redacted struct{}

// Format writes [redacted] for every verb.
func (redacted) Format(f fmt.State, _ rune) { writePlaceholder(f) }

// String returns [redacted].
func (redacted) String() string { return placeholder }

// LogValue returns [redacted].
func (redacted) LogValue() slog.Value { return slog.StringValue(placeholder) }

// MarshalText returns [redacted]; encoding/json, encoding/xml and encoding/gob use it.
func (redacted) MarshalText() ([]byte, error) { return []byte(placeholder), nil }

// writePlaceholder ignores the error as fmt itself does: fmt.State writes into fmt's own buffer.
func writePlaceholder(w io.Writer) { _, _ = io.WriteString(w, placeholder) }
