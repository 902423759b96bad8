package guide_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/sso/guide"
)

func TestDetect(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]string{
		"http://www.okta.com/exk1fcia6d6EMsf331d8":                                    "okta",
		"https://acme.okta.com":                                                       "okta",
		"https://dev-1.oktapreview.com/oauth2/default":                                "okta",
		"https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/":               "entra",
		"https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0": "entra",
		"https://accounts.google.com/o/saml2?idpid=C01abc":                            "google",
		"https://app.onelogin.com/saml/metadata/383123":                               "onelogin",
		"https://acme.onelogin.com/oidc/2":                                            "onelogin",
		"https://sso.jumpcloud.com/saml2/acme":                                        "jumpcloud",
		"https://oauth.id.jumpcloud.com/":                                             "jumpcloud",
		"https://auth.pingone.com/0d2b0c2f-9f7c-4e39-9d0c-f3d1c0a0b6a1":               "pingone",
		"https://auth.pingone.eu/0d2b0c2f-9f7c-4e39-9d0c-f3d1c0a0b6a1/as":             "pingone",
		"http://adfs.example.com/adfs/services/trust":                                 "adfs",
		"https://adfs.example.com/adfs":                                               "adfs",
		"https://id.example.com/realms/acme":                                          "keycloak",
		"https://id.example.com/auth/realms/acme":                                     "keycloak",
		"urn:acme.eu.auth0.com":                                                       "auth0",
		"https://acme.eu.auth0.com/":                                                  "auth0",
		"HTTPS://ACME.OKTA.COM":                                                       "okta",
		"https://okta.com.attacker.example":                                           "",
		"https://notokta.com":                                                         "",
		"https://login.example.com":                                                   "",
		"https://example.com/adfs/services/trust/other":                               "",
		"urn:example:idp":                                                             "",
		"":                                                                            "",
		"%zz":                                                                         "",
	} {
		if got := guide.Detect(issuer); got != want {
			t.Errorf("Detect(%q) = %q, want %q", issuer, got, want)
		}
	}
}

func TestEveryDetectedProviderHasAGuide(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{
		"https://acme.okta.com", "https://sts.windows.net/x/", "https://accounts.google.com/o/saml2?idpid=x", "https://app.onelogin.com/saml/metadata/x",
		"https://sso.jumpcloud.com/x", "https://auth.pingone.com/x", "http://x.example/adfs/services/trust", "https://x.example/realms/x", "urn:x.auth0.com",
	} {
		if _, ok := guide.Find(guide.Detect(issuer), guide.SAML); !ok {
			t.Errorf("Find(Detect(%q)) finds no guide", issuer)
		}
	}
}
