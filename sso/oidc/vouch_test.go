package oidc_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/sso/oidc"
)

func TestXT_30_WhoVouchesForAnAddress(t *testing.T) {
	t.Parallel()
	const (
		directory = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"
		common    = "https://login.microsoftonline.com/common/v2.0"
		personal  = "https://login.microsoftonline.com/9188040d-6c67-4b5b-b112-36a304b66dad/v2.0"
		other     = "https://idp.example.com"
	)
	for _, test := range []struct {
		what, issuer, payload, said string
		want                        bool
	}{
		{"the standard claim", other, `{"email":"a@b.c","email_verified":true}`, "", true},
		{"as a string", other, `{"email":"a@b.c","email_verified":"true"}`, "", true},
		{"denied", other, `{"email":"a@b.c","email_verified":false}`, "", false},
		{"a number", other, `{"email":"a@b.c","email_verified":1}`, "", false},
		{"nothing", other, `{"email":"a@b.c"}`, "", false},
		{"nothing from Entra", directory, `{"email":"a@b.c"}`, "", false},
		{"Entra's claim", directory, `{"email":"a@b.c","xms_edov":true}`, "", true},
		{"Entra's claim as a number", directory, `{"email":"a@b.c","xms_edov":1}`, "", true},
		{"Entra's claim as text", directory, `{"email":"a@b.c","xms_edov":"1"}`, "", true},
		{"Entra denies", directory, `{"email":"a@b.c","xms_edov":false}`, "", false},
		{"Entra denies by zero", directory, `{"email":"a@b.c","xms_edov":0}`, "", false},
		{"a list", directory, `{"email":"a@b.c","xms_edov":[true]}`, "", false},
		{"null", directory, `{"email":"a@b.c","xms_edov":null}`, "", false},
		{"Entra's claim beside a denial", directory, `{"email":"a@b.c","email_verified":false,"xms_edov":true}`, "", false},
		{"Entra's claim from another provider", other, `{"email":"a@b.c","xms_edov":true}`, "", false},
		{"from any directory", common, `{"email":"a@b.c","xms_edov":true}`, "", false},
		{"from personal accounts", personal, `{"email":"a@b.c","xms_edov":true}`, "", false},
		{"a look-alike host", "https://login.microsoftonline.com.evil.test/11111111-2222-3333-4444-555555555555/v2.0", `{"email":"a@b.c","xms_edov":true}`, "", false},

		{"userinfo names and vouches", other, `{}`, `{"email":"a@b.c","email_verified":true}`, true},
		{"userinfo vouches for another address", other, `{"email":"victim@b.c"}`, `{"email":"a@b.c","email_verified":true}`, false},
		{"the token vouches for an address it does not name", other, `{"email_verified":true}`, `{"email":"a@b.c"}`, false},
		{"the token vouches for its own", other, `{"email":"a@b.c","email_verified":true}`, `{"email":"x@y.z","email_verified":false}`, true},
		{"Entra's claim for an address of userinfo", directory, `{"xms_edov":true}`, `{"email":"a@b.c"}`, false},
	} {
		if got := oidc.Vouched(test.issuer, test.payload, test.said); got != test.want {
			t.Errorf("%s: Vouched(%s, %s, %s) = %v, want %v", test.what, test.issuer, test.payload, test.said, got, test.want)
		}
	}
}
