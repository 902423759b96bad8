package saml_test

import (
	"encoding/base64"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// FuzzLogout changes honest logout messages at random, in the document and in the query. What comes of it is a refusal with a reason, or
// exactly what the provider has said.
func FuzzLogout(f *testing.F) {
	p := newProvider(f)
	a := partingAttempt(f, p)
	a.Trail = nil
	form := made(f, samlforge.LogoutRequest, goodbye(f, samlforge.PostBinding)).Form
	doc, err := base64.StdEncoding.DecodeString(form.Get("SAMLRequest"))
	if err != nil {
		f.Fatal(err)
	}
	query := made(f, samlforge.LogoutRequest, goodbye(f, samlforge.RedirectBinding)).Query
	said, err := p.ReadLogout(f.Context(), post(f, slo, form.Encode()), a)
	if err != nil {
		f.Fatal(err)
	}
	for seed := range uint64(50) {
		f.Add(doc, query, seed)
	}
	f.Fuzz(func(t *testing.T, doc []byte, query string, seed uint64) {
		mutant := samlforge.Mutate(doc, rand.NewPCG(seed, 0))
		for _, d := range [][]byte{doc, mutant} {
			fields := url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(d)}, "RelayState": {"theirs"}}
			got, err := p.ReadLogout(t.Context(), post(t, slo, fields.Encode()), a)
			unchanged(t, said, got, err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, slo, nil)
		r.URL.RawQuery = query
		got, err := p.ReadLogout(t.Context(), r, a)
		got.Binding = said.Binding
		unchanged(t, said, got, err)
	})
}

func unchanged(tb testing.TB, said, got sso.Logout, err error) {
	tb.Helper()
	if err != nil {
		if reasonOf(err) == sso.Broken {
			tb.Errorf("ReadLogout() = %v, want a reason", err)
		}
		return
	}
	if diff := cmp.Diff(said, got); diff != "" {
		tb.Errorf("ReadLogout() of a mutant says something else (-honest +mutant):\n%s", diff)
	}
}
