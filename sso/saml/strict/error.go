package strict

import "fmt"

// Reason says in one stable word what is wrong with a document.
type Reason string

// The reasons for which [Check] refuses.
const (
	TooLarge      Reason = "too_large"  // bytes, depth, elements, attributes or namespace declarations
	BadEncoding   Reason = "encoding"   // not UTF-8, or labeled as something else
	BadMarkup     Reason = "markup"     // comment, processing instruction, CDATA, DOCTYPE
	BadSyntax     Reason = "syntax"     // not well-formed
	BadRoot       Reason = "root"       // another root than expected, none, or something after it
	BadNamespace  Reason = "namespace"  // undeclared prefix, relative or reserved name
	BadAttribute  Reason = "attribute"  // given twice
	BadID         Reason = "id"         // not unique, or in an unusual spelling
	BadAssertions Reason = "assertions" // more than one, or one in an unusual place
	BadSignature  Reason = "signature"  // in an unusual place or shape
	BadTransform  Reason = "transform"  // other than enveloped-signature and canonicalization without comments
	BadContent    Reason = "content"    // an element within what must be text only
)

// Error is the refusal of a document.
type Error struct {
	Reason Reason
	Detail string // for administrators: it may name elements and algorithms of the document, but holds no text of it
}

// Error returns the reason and the detail.
func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Reason, e.Detail) }

// refuse returns the error. What the arguments quote comes from strangers, so it is cut.
func refuse(r Reason, format string, quoted ...string) *Error {
	args := make([]any, len(quoted))
	for i, q := range quoted {
		args[i] = fmt.Sprintf("%q", q[:min(len(q), 80)])
	}
	return &Error{Reason: r, Detail: fmt.Sprintf(format, args...)}
}
