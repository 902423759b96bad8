package main_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing/usage"
)

// file writes a text to a file of the test.
func file(tb testing.TB, name, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// jwks is the key set that a server of the world has.
func (w world) jwks(tb testing.TB) string {
	tb.Helper()
	kid, point, _ := strings.Cut(w.query(tb, "SELECT kid || ' ' || encode(public_key, 'hex') FROM signing_keys"), " ")
	b, err := hex.DecodeString(point)
	if err != nil || len(b) != 65 {
		tb.Fatalf("the public key is %q", point)
	}
	text := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"keys":[{"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":%q,"x":%q,"y":%q}]}`, kid, text(b[1:33]), text(b[33:]))
}

func TestAStatementIsCheckedWithoutAServer(t *testing.T) {
	t.Parallel()
	w, month := sealedWorld(t)
	text := succeed(t, w.env, "usage", "statement", "--tenant", "acme")
	signed := decode[usage.Signed](t, text)
	if s := signed.Statement; s.Month != month || len(s.Days) != 1 || len(s.Lines) != 2 || s.Lines[0].Meter != "ai.tokens" || s.Lines[0].Quantity != 800 ||
		s.Lines[0].Adjustment || len(s.Costs) != 1 || s.Costs[0] != (usage.StatementCost{Currency: "USD", Cost: 1_500_000}) || s.Head != s.Days[0].Head {
		t.Errorf("usage statement = %+v", s)
	}
	statement, jwks := file(t, "statement.json", text), file(t, "jwks.json", w.jwks(t))
	proof := file(t, "proof.json", succeed(t, w.env, "usage", "proof", "--tenant", "acme", "--id", "invoice 17"))
	if got := succeed(t, nil, "usage", "check-statement", statement, "--jwks", jwks, "--proof", proof); !strings.Contains(got, "the event is sealed") {
		t.Errorf("usage check-statement printed %q", got)
	}
	read, err := os.ReadFile(proof)
	if err != nil {
		t.Fatal(err)
	}
	other := newWorld(t)
	succeed(t, other.env, "keys", "rotate")
	for name, tc := range map[string]struct{ statement, jwks, proof, want string }{
		"another number":   {statement: file(t, "s.json", strings.Replace(text, `"quantity": 800`, `"quantity": 801`, 1)), want: "is not what is signed"},
		"another key":      {jwks: file(t, "k.json", other.jwks(t)), want: "the signature does not hold"},
		"another event":    {proof: file(t, "p.json", strings.Replace(string(read), `"quantity\":800`, `"quantity\":801`, 1)), want: "is not in the seal"},
		"the same again":   {statement: statement + " " + statement, want: "does not go on"},
		"no statement":     {statement: jwks, want: "read the statement"},
		"an empty key set": {jwks: file(t, "e.json", `{"keys":[]}`), want: "the signature does not hold"},
	} {
		line := []string{"usage", "check-statement"}
		line = append(line, strings.Fields(or(tc.statement, statement))...)
		line = append(line, "--jwks", or(tc.jwks, jwks), "--proof", or(tc.proof, proof))
		if said := fail(t, nil, line...); !strings.Contains(said, tc.want) {
			t.Errorf("%s: usage check-statement said %q, want %q", name, said, tc.want)
		}
	}
	for _, tc := range []struct{ line, want string }{
		{"statement --tenant acme --month " + time.Now().UTC().Format("2006-01"), "not sealed"},
		{"statement --tenant acme --month 2001-01", "not sealed"},
		{"statement --tenant acme --month november", "month: Name a month"},
		{"proof --tenant acme --id unknown", "no such"},
		{"proof --tenant globex --id invoice#17", "no such"},
	} {
		line := args("usage " + tc.line)
		for i := range line {
			line[i] = strings.ReplaceAll(line[i], "#", " ")
		}
		if said := fail(t, w.env, line...); !strings.Contains(said, tc.want) {
			t.Errorf("usage %s said %q, want %q", tc.line, said, tc.want)
		}
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
