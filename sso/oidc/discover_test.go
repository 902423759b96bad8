package oidc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/oidc"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// verdict is "field: reason" of a refused configuration.
func verdict(err error) string {
	e := errs.As(err)
	if e.Code != "connection_invalid" || e.Kind != errs.Invalid || len(e.Fields) != 1 {
		return fmt.Sprint(err)
	}
	return e.Fields[0].Name + ": " + fmt.Sprint(e.Extra["reason"])
}

func TestOIDC_100_To_110_WhatAProviderSaysAtSave(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"OIDC-009-plain": "", "OIDC-009-none": "", "OIDC-104": "", "OIDC-105-token": "",
		"OIDC-048": "issuer: entra_multi_tenant_issuer", "OIDC-100": "issuer: issuer_mismatch", "OIDC-100-slash": "issuer: issuer_mismatch",
		"OIDC-102-javascript": "authorization_endpoint: endpoint_not_https", "OIDC-102-data": "authorization_endpoint: endpoint_not_https",
		"OIDC-102-http": "token_endpoint: endpoint_not_https", "OIDC-102-missing": "token_endpoint: endpoint_missing",
		"OIDC-103":        "authorization_endpoint: endpoint_has_parameters",
		"OIDC-105-keys":   "-", // whose key set is the canary, which a test of its own must not call
		"OIDC-032-listed": "id_token_signing_alg_values_supported: no_usable_algorithm",
		"OIDC-032":        "",
		"SSRF-03-keys":    "jwks_uri: endpoint_invalid", "SSRF-04-token": "token_endpoint: endpoint_invalid",
		"SSRF-13-keys": "jwks_uri: endpoint_not_https", "SSRF-15-userinfo": "userinfo_endpoint: endpoint_invalid",
		"DISC-type": "token_endpoint: document_invalid", "DISC-html": "issuer: document_invalid",
		"DISC-trailing":     "issuer: document_invalid",
		"SSRF-08-discovery": "issuer: unreachable", "SSRF-08-keys": "jwks_uri: unreachable", "SSRF-17-discovery": "issuer: too_large",
		"SSRF-17-keys": "jwks_uri: too_large", "SSRF-19-discovery": "issuer: too_large", "SSRF-19-keys": "jwks_uri: too_large",
		"SSRF-20": "issuer: unreachable", "OIDC-110": "issuer: unreachable", "OIDC-110-keys": "jwks_uri: unreachable",
		"NET-reset-discovery": "issuer: unreachable", "KEYS-empty": "jwks_uri: jwks_unusable", "KEYS-type": "jwks_uri: jwks_unusable",
		"KEYS-many": "jwks_uri: too_large", "OIDC-035-use": "jwks_uri: jwks_unusable",
	}
	for _, scenario := range testidp.Scenarios() {
		said, listed := want[scenario.ID]
		if scenario.Stage == testidp.InDiscovery && !listed {
			t.Errorf("nobody has said what comes of %s: %s", scenario.ID, scenario.Title)
		}
		if !listed || said == "-" {
			continue
		}
		t.Run(scenario.ID, func(t *testing.T) {
			t.Parallel()
			p, server, idp, _ := newProvider(t)
			must(t, idp.Play(scenario.ID))
			found, err := p.Discover(t.Context(), sso.Draft{Issuer: idp.URL(), ClientID: "gatehouse", ClientSecret: secret.New("s")})
			if said == "" {
				must(t, err)
				for _, alg := range found.Endpoints.Algorithms {
					if !strings.Contains("RS256 PS256 ES256 EdDSA", alg) {
						t.Errorf("algorithms = %v", found.Endpoints.Algorithms)
					}
				}
				return
			}
			if got := verdict(err); got != said {
				t.Errorf("Discover = %q, want %q", got, said)
			}
			// Nothing of what came back may be told (OIDC-110, SSRF-25).
			if text := fmt.Sprintf("%+v %v", errs.As(err), err); strings.Contains(text, "127.0.0.1") || strings.Contains(text, "internal page") {
				t.Errorf("the refusal tells what stands behind the firewall: %s", text)
			}
			if server.CanaryHits() > 0 {
				t.Error("the canary was called")
			}
		})
	}
}

func TestOIDC_101_048_IssuersThatCannotBe(t *testing.T) {
	t.Parallel()
	guard := netguard.New(netguard.Policy{})
	t.Cleanup(guard.CloseIdleConnections)
	p, err := oidc.New(oidc.Config{Guard: guard})
	must(t, err)
	for issuer, reason := range map[string]string{
		"http://idp.test": "issuer_invalid", "https://idp.test?x=1": "issuer_invalid", "https://idp.test#x": "issuer_invalid",
		"https://idp.test?": "issuer_invalid", "https://u@idp.test": "issuer_invalid", "https://u:p@idp.test": "issuer_invalid",
		"https://idp.test:22": "issuer_invalid", "https://idp.test:443": "issuer_invalid", "https://IDP.test": "issuer_invalid",
		"https://idp.test.": "issuer_invalid", "https://idp.test/a/../b": "issuer_invalid", "https://idp.test//a": "issuer_invalid",
		"https://idp.test/./a": "issuer_invalid", "https://idp.test/%2e%2e/a": "issuer_invalid", "https://\u0456dp.test": "issuer_invalid",
		"https://127.0.0.1": "issuer_invalid", "https://localhost": "issuer_invalid", "https://[::1]": "issuer_invalid",
		"https://169.254.169.254": "issuer_invalid", "https://10.0.0.1": "issuer_invalid", "https://2130706433": "issuer_invalid",
		"file:///etc/passwd": "issuer_invalid", "javascript:alert(1)": "issuer_invalid", "idp.test": "issuer_invalid", "": "issuer_invalid",
		"https://idp.test\r\nX: y": "issuer_invalid", "https://idp.test\\@evil.test": "issuer_invalid",
		"https://login.microsoftonline.com/common/v2.0":                               "entra_multi_tenant_issuer",
		"https://login.microsoftonline.com/organizations/v2.0":                        "entra_multi_tenant_issuer",
		"https://login.microsoftonline.com/consumers/v2.0":                            "entra_multi_tenant_issuer",
		"https://login.microsoftonline.com/{tenantid}/v2.0":                           "entra_multi_tenant_issuer",
		"https://login.microsoftonline.com/9188040d-6c67-4b5b-b112-36a304b66dad/v2.0": "entra_multi_tenant_issuer",
		"https://sts.windows.net/contoso.test/":                                       "entra_multi_tenant_issuer",
	} {
		_, err := p.Discover(t.Context(), sso.Draft{Issuer: issuer})
		if got := verdict(err); got != "issuer: "+reason {
			t.Errorf("Discover(%q) = %q, want %s", issuer, got, reason)
		}
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
