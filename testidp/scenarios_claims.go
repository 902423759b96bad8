package testidp

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// claimScenarios are about the claims that bind an ID token to issuer, client, moment and request.
func claimScenarios() []Scenario {
	row := func(id, title string, f func(*Provider) Fault) Scenario {
		return Scenario{ID: id, Title: title, Stage: InIDToken, Outcome: Refuse, Fault: f}
	}
	change := func(id, title string, f func(map[string]any)) Scenario {
		return row(id, title, always(Fault{Claims: f}))
	}
	raw := func(id, title string, f func([]byte) []byte) Scenario {
		return row(id, title, always(Fault{RawPayload: f}))
	}
	iss := func(f func(*url.URL)) func(map[string]any) {
		return func(m map[string]any) {
			u := made(url.Parse(m["iss"].(string)))
			f(u)
			m["iss"] = u.String()
		}
	}
	at := func(id, title, name string, shift time.Duration) Scenario {
		return row(id, title, func(p *Provider) Fault {
			return Fault{Claims: func(m map[string]any) { m[name] = p.now().Add(shift).Unix() }}
		})
	}
	audience := func(azp any) func(map[string]any) {
		return func(m map[string]any) {
			me := m["aud"]
			m["aud"] = []any{me, "other"}
			delete(m, "azp")
			if azp == "me" {
				m["azp"] = me
			} else if azp != nil {
				m["azp"] = azp
			}
		}
	}
	rows := []Scenario{
		row("OIDC-046", "iss of another issuer", claim("iss", "https://other.test")),
		change("OIDC-046-slash", "iss with a slash behind it", iss(func(u *url.URL) { u.Path += "/" })),
		change("OIDC-046-case", "iss in capitals", iss(func(u *url.URL) { u.Path = strings.ToUpper(u.Path) })),
		change("OIDC-046-port", "iss with another port", iss(func(u *url.URL) { u.Host = u.Hostname() + ":443" })),
		change("OIDC-046-scheme", "iss with another scheme", iss(func(u *url.URL) { u.Scheme = map[string]string{"http": "https"}[u.Scheme] })),
		row("OIDC-046-missing", "no iss", without("iss")),
		row("OIDC-047", "iss is accounts.google.com", claim("iss", "accounts.google.com")),
		row("OIDC-049", "aud of another client", claim("aud", "other")),
		row("OIDC-049-missing", "no aud", without("aud")),
		row("OIDC-049-empty", "aud is an empty list", claim("aud", []any{})),
		change("OIDC-050", "a second audience, no azp", audience(nil)),
		change("OIDC-050-other", "a second audience, azp is the other", audience("other")),
		change("OIDC-050-me", "a second audience, azp is this client", audience("me")),
		row("OIDC-051", "azp of another client", claim("azp", "other")),
		row("OIDC-053-missing", "no exp", without("exp")),
		at("OIDC-053-past", "exp is past", "exp", -time.Hour),
		row("OIDC-053-string", "exp is a string", claim("exp", "4102444800")),
		row("OIDC-053-huge", "exp is 1e300", claim("exp", 1e300)),
		row("OIDC-053-negative", "exp is negative", claim("exp", -1)),
		row("OIDC-053-null", "exp is null", claim("exp", nil)),
		at("OIDC-054", "exp is in a hundred years", "exp", 100*365*24*time.Hour),
		row("OIDC-055", "no iat", without("iat")),
		at("OIDC-056-future", "iat is in a year", "iat", 365*24*time.Hour),
		at("OIDC-056-old", "iat is a week ago", "iat", -7*24*time.Hour),
		at("OIDC-057", "nbf is in six minutes", "nbf", 6*time.Minute),
		row("OIDC-058-missing", "no sub", without("sub")),
		row("OIDC-058-empty", "sub is empty", claim("sub", "")),
		row("OIDC-058-number", "sub is a number", claim("sub", 7)),
		row("OIDC-058-long", "sub of 5 KB", claim("sub", strings.Repeat("s", 5<<10))),
		row("OIDC-058-control", "sub with control characters", claim("sub", "u1\n\x1b[2J")),
		row("OIDC-058-spaces", "sub of spaces", claim("sub", "   ")),
		row("OIDC-058-unicode", "sub beyond ASCII", claim("sub", "аlice")),
		row("OIDC-059", "no nonce", without("nonce")),
		row("OIDC-060", "another nonce", claim("nonce", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
		change("OIDC-060-list", "nonce in a list", func(m map[string]any) { m["nonce"] = []any{m["nonce"]} }),
		change("OIDC-060-case", "nonce with its case changed", func(m map[string]any) { m["nonce"] = swapCase(fmt.Sprint(m["nonce"])) }),
		row("OIDC-061", "at_hash is wrong", claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")),
		raw("OIDC-065-sub", "sub twice", func(b []byte) []byte { return prepend(b, `"sub":"owner",`) }),
		raw("OIDC-065-email", "email twice", func(b []byte) []byte {
			return appendMember(prepend(b, `"email":"a@other.test",`), `"email":"owner@victim.test"`)
		}),
		raw("OIDC-066-sub", "a second sub in capitals", func(b []byte) []byte { return appendMember(b, `"SUB":"owner"`) }),
		raw("OIDC-066-email", "a second e-mail in capitals", func(b []byte) []byte { return appendMember(b, `"EMAIL":"owner@victim.test"`) }),
		raw("OIDC-066-verified", "a second email_verified with a capital", func(b []byte) []byte { return appendMember(b, `"Email_Verified":true`) }),
		raw("OIDC-067-utf8", "invalid UTF-8 in sub", func(b []byte) []byte { return inSub(b, "\xff") }),
		raw("OIDC-067-surrogate", "a lone surrogate in sub", func(b []byte) []byte { return inSub(b, `\ud800`) }),
		raw("OIDC-067-nul", "NUL in sub", func(b []byte) []byte { return inSub(b, `\u0000`) }),
		raw("OIDC-068", "a hundred thousand nested lists", func(b []byte) []byte {
			return appendMember(b, `"deep":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000))
		}),
		raw("OIDC-068-trailing", "more JSON behind the claims", func(b []byte) []byte { return append(b, `{"sub":"owner"}`...) }),
	}
	honest := []Scenario{
		change("OIDC-062", "no at_hash", func(m map[string]any) { delete(m, "at_hash") }),
		// RFC 7519, 2: a NumericDate may have a fraction.
		change("OIDC-053-float", "exp with a fraction", func(m map[string]any) { m["exp"] = float64(m["exp"].(int64)) + 0.5 }),
	}
	for i := range honest {
		honest[i].Outcome = Accept
	}
	return append(rows, honest...)
}

func prepend(object []byte, members string) []byte { return append([]byte("{"+members), object[1:]...) }

func appendMember(object []byte, member string) []byte {
	return append(bytes.TrimSuffix(object, []byte("}")), ","+member+"}"...)
}

func inSub(object []byte, text string) []byte {
	return bytes.Replace(object, []byte(`"sub":"`), []byte(`"sub":"`+text), 1)
}

func swapCase(s string) string {
	if lower := strings.ToLower(s); lower != s {
		return lower
	}
	return strings.ToUpper(s)
}
