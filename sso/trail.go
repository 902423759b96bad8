package sso

import "unicode"

// Check is one thing that was asked of a provider's answer.
type Check struct {
	Name     string `json:"name"` // stable: audience, signature, nonce, …
	OK       bool   `json:"ok"`
	Expected string `json:"expected,omitempty"`
	Got      string `json:"got,omitempty"`
}

// Trail collects the checks of one attempt, in order, for who administers the connection. It holds no secrets and nothing long. A nil Trail
// collects nothing.
type Trail struct {
	Checks []Check
	// Document is what the provider sent, to be kept encrypted; Kind says what it is: saml_response or id_token.
	Document []byte
	Kind     string
	// Proven says that the answer was shown to come from the provider, whatever was wrong with it then.
	Proven bool
}

const (
	maxChecks = 60
	maxShown  = 300
)

// Pass notes a check that went well.
func (t *Trail) Pass(name, got string) { t.add(Check{Name: name, OK: true, Got: shown(got)}) }

// Fail notes the check that refuses.
func (t *Trail) Fail(name, expected, got string) {
	t.add(Check{Name: name, Expected: shown(expected), Got: shown(got)})
}

// Keep hands over what the provider sent.
func (t *Trail) Keep(kind string, document []byte) {
	if t != nil {
		t.Kind, t.Document = kind, document
	}
}

// Prove notes that the provider's signature, or its token endpoint, stands for the answer.
func (t *Trail) Prove() {
	if t != nil {
		t.Proven = true
	}
}

// Failed is the check that refused; the zero Check if none did.
func (t *Trail) Failed() Check {
	if t == nil {
		return Check{}
	}
	for _, c := range t.Checks {
		if !c.OK {
			return c
		}
	}
	return Check{}
}

// explain notes the reason of a refusal that no check stands for, so that a trail which ends in a refusal says so.
func (t *Trail) explain(r Reason) {
	if t.Failed() == (Check{}) {
		t.Fail(string(r), "", "")
	}
}

// stage is how far the answer of a refused attempt came.
func (t *Trail) stage() Stage {
	if t != nil && t.Proven {
		return Verified
	}
	return Returned
}

// length and rewind let a transaction that is tried again take back what it has noted.
func (t *Trail) length() int {
	if t == nil {
		return 0
	}
	return len(t.Checks)
}

func (t *Trail) rewind(length int) {
	if t != nil {
		t.Checks = t.Checks[:length]
	}
}

func (t *Trail) add(c Check) {
	if t != nil && len(t.Checks) < maxChecks {
		t.Checks = append(t.Checks, c)
	}
}

// shown keeps what can be shown of a text that a provider chose.
func shown(s string) string {
	out := make([]rune, 0, min(len(s), maxShown))
	for _, r := range s {
		if len(out) == maxShown {
			return string(out[:maxShown-1]) + "…"
		}
		if !unicode.IsPrint(r) {
			r = '\uFFFD'
		}
		out = append(out, r)
	}
	return string(out)
}
