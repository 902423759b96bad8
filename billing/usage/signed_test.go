package usage_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// signer signs statements, with the key set that verifies them.
func signer(tb testing.TB) (sign func(kind string, document []byte) (string, error), keySet []byte) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		tb.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString
	sign = func(kind string, document []byte) (string, error) {
		input := text(fmt.Appendf(nil, `{"alg":"ES256","kid":"one","typ":%q}`, kind)) + "." + text(document)
		digest := sha256.Sum256([]byte(input))
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			return "", err
		}
		return input + "." + text(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)), nil
	}
	return sign, fmt.Appendf(nil, `{"keys":[{"kty":"EC","crv":"P-256","kid":"one","x":%q,"y":%q}]}`, text(point[1:33]), text(point[33:]))
}

func TestWhatIsReadOfAStatementIsWhatIsSigned(t *testing.T) {
	t.Parallel()
	sign, keySet := signer(t)
	document := func(lines ...usage.StatementLine) string {
		s := usage.Statement{
			Issuer: "https://id.example.com", TenantID: id.New[id.Tenant](), Month: "2026-10", Lines: lines,
			Costs: []usage.StatementCost{}, Days: []usage.StatementDay{}, Head: strings.Repeat("0", 64),
		}
		signed, err := s.Sign(sign)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(signed)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	holds := document([]usage.StatementLine{}...)
	for name, tc := range map[string]struct{ document, want string }{
		"as it is":            {holds, ""},
		"read twice":          {strings.Replace(holds, `"month":"2026-10"`, `"month":"2026-09","month":"2026-10"`, 1), "read the statement"},
		"by another name":     {strings.Replace(holds, `"month":"2026-10"`, `"month":"2026-10","Lines":[]`, 1), "read the statement"},
		"a whole before it":   {strings.Replace(holds, `{"statement":`, `{"statement":{"month":"2026-09"},"statement":`, 1), "read the statement"},
		"lines of no events":  {document(usage.StatementLine{Month: "2026-10", Meter: "calls", Quantity: 5, Events: 5}), "are of 5 events"},
		"another month":       {strings.Replace(holds, `"month":"2026-10"`, `"month":"2026-09"`, 1), "is not what is signed"},
		"another signature":   {strings.Replace(holds, `"signed":"e`, `"signed":"f`, 1), "no signed statement"},
		"another kind of JWS": {strings.Replace(holds, `"signed":"`, `"signed":"x.`, 1), "the signature does not hold"},
	} {
		s, err := usage.ReadSigned([]byte(tc.document), keySet)
		if tc.want == "" && (err != nil || s.Month != "2026-10") || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: ReadSigned() = %+v, %v, want %q", name, s, err, tc.want)
		}
	}
}
