package oidc_test

import (
	"encoding/json"
	"testing"

	"github.com/seed-2a059015/gatehouse/sso/oidc"
)

// FuzzClaims holds two readers of one text together: what our decoder takes, the case-insensitive and forgiving one of the standard
// library reads the same way.
func FuzzClaims(f *testing.F) {
	const honest = `"iss":"https://idp.test","sub":"u1","aud":"c","exp":1800000000,"iat":1800000000,"nonce":"n","email":"a@b.test"`
	for _, seed := range []string{
		`{` + honest + `}`, `{` + honest + `,"SUB":"owner"}`, `{` + honest + `,"sub":"owner"}`, `{` + honest + `,"Email":"x@y.test"}`,
		`{` + honest + `}{}`, `{` + honest + `,"x":[[[[[[]]]]]]}`, `{` + honest + `,"\u0073ub":"owner"}`, `{` + honest + `,"ſub":"owner"}`,
		`{"sub":"\ud800"}`, `{"sub":"` + "\xff" + `"}`, `[]`, `null`, ``, `{"sub":1}`, `{` + honest + `,"exp":1e300}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		issuer, subject, email, err := oidc.ReadClaims(payload)
		if err != nil {
			return
		}
		var other struct {
			Issuer  string `json:"iss"`
			Subject string `json:"sub"`
			Email   string `json:"email"`
		}
		if err := json.Unmarshal(payload, &other); err != nil {
			t.Fatalf("ReadClaims(%q) = nil, and encoding/json says %v", payload, err)
		}
		if other.Issuer != issuer || other.Subject != subject || other.Email != email {
			t.Errorf("ReadClaims(%q) = %q %q %q, and encoding/json reads %+v", payload, issuer, subject, email, other)
		}
		if subject == "" || len(subject) > 255 {
			t.Errorf("ReadClaims(%q) has the subject %q", payload, subject)
		}
	})
}
