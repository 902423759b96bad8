package testidp

import "strings"

// headerScenarios are about the signature, the JOSE header and the serialization of the ID token.
func headerScenarios() []Scenario {
	row := func(id, title string, f Fault) Scenario {
		return Scenario{ID: id, Title: title, Stage: InIDToken, Outcome: Refuse, Fault: always(f)}
	}
	signed := func(id, title string, mode SignMode) Scenario { return row(id, title, Fault{Sign: mode}) }
	header := func(id, title, name string, value any) Scenario {
		return row(id, title, Fault{Header: assign(name, value)})
	}
	// A token by an unknown key whose header says where to find that key.
	linked := func(id, title, name string) Scenario {
		return Scenario{ID: id, Title: title, Stage: InIDToken, Outcome: Refuse, Fault: func(p *Provider) Fault {
			return Fault{Sign: SignUnknownKid, Header: assign(name, p.CanaryURL())}
		}}
	}
	reshaped := func(id, title string, f func(header, payload, signature string) string) Scenario {
		return row(id, title, Fault{Compact: func(token string) string {
			parts := strings.SplitN(token, ".", 3)
			return f(parts[0], parts[1], parts[2])
		}})
	}
	encrypted := func(id, title, header string) Scenario {
		return row(id, title, Fault{Compact: func(string) string {
			return encode([]byte(header)) + "..AAAAAAAAAAAAAAAA.AAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA"
		}})
	}
	return []Scenario{
		signed("OIDC-030-none", "unsigned, alg none", SignNone),
		row("OIDC-030-None", "unsigned, alg None", Fault{Sign: SignNone, Header: assign("alg", "None")}),
		row("OIDC-030-nOnE", "unsigned, alg nOnE", Fault{Sign: SignNone, Header: assign("alg", "nOnE")}),
		row("OIDC-030-stripped", "signature removed, alg kept", Fault{Compact: func(t string) string { return t[:strings.LastIndex(t, ".")+1] }}),
		signed("OIDC-031-pem", "HS256 keyed with the public key as PEM", SignHS256PEM),
		signed("OIDC-031-der", "HS256 keyed with the public key as DER", SignHS256DER),
		signed("OIDC-031-jwk", "HS256 keyed with the public key as JWK", SignHS256JWK),
		signed("OIDC-033", "one bit of the signature is wrong", SignFlippedBit),
		signed("OIDC-033-key", "signed by another key under the known kid", SignUnknownKey),
		signed("SSRF-23", "signed by a key that is not published", SignUnknownKid),
		header("OIDC-038-path", "kid is a path", "kid", "../../../../etc/passwd"),
		header("OIDC-038-sql", "kid is SQL", "kid", "' OR 1=1 --"),
		header("OIDC-038-long", "kid of 100 KB", "kid", strings.Repeat("k", 100<<10)),
		header("OIDC-038-nul", "kid with NUL", "kid", "key\x00"),
		header("OIDC-038-number", "kid is a number", "kid", 1),
		{
			ID: "OIDC-038-url", Title: "kid is a URL", Stage: InIDToken, Outcome: Refuse,
			Fault: func(p *Provider) Fault { return Fault{Header: assign("kid", p.CanaryURL())} },
		},
		linked("OIDC-039-jku", "links an attacker's key set", "jku"),
		linked("OIDC-039-x5u", "links an attacker's certificate", "x5u"),
		signed("OIDC-039-jwk", "embeds an attacker's key", SignEmbeddedJWK),
		row("OIDC-039-x5c", "embeds a certificate", Fault{Sign: SignUnknownKid, Header: assign("x5c", []string{"MIIB"})}),
		header("OIDC-040", "unknown critical header", "crit", []string{"x"}),
		reshaped("OIDC-041-json", "JSON serialization", func(h, p, s string) string {
			return `{"protected":"` + h + `","payload":"` + p + `","signature":"` + s + `"}`
		}),
		reshaped("OIDC-041-general", "JSON serialization with two signatures", func(h, p, s string) string {
			one := `{"protected":"` + h + `","signature":"` + s + `"}`
			return `{"payload":"` + p + `","signatures":[` + one + `,` + one + `]}`
		}),
		reshaped("OIDC-041-detached", "payload left out", func(h, _, s string) string { return h + ".." + s }),
		row("OIDC-041-b64", "b64 is false", Fault{Header: func(h map[string]any) { h["b64"], h["crit"] = false, []string{"b64"} }}),
		header("OIDC-041-zip", "zip in a signed token", "zip", "DEF"),
		reshaped("OIDC-041-parts", "a fourth part", func(h, p, s string) string { return strings.Join([]string{h, p, s, s}, ".") }),
		row("OIDC-042-dots", "a token of a million dots", Fault{Compact: func(string) string { return strings.Repeat(".", 1_000_000) }}),
		row("OIDC-042-long", "a token of 5 MB", Fault{Claims: assign("padding", strings.Repeat("p", 4<<20))}),
		encrypted("OIDC-043-empty", "encrypted, with an empty key", `{"alg":"A128KW","enc":"A128GCM"}`),
		encrypted("OIDC-043-p2c", "encrypted, with two billion rounds", `{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2s":"AAAA","p2c":2147483647}`),
		encrypted("OIDC-043-zip", "encrypted and compressed", `{"alg":"dir","enc":"A128GCM","zip":"DEF"}`),
		row("OIDC-063", "a logout token", Fault{Header: assign("typ", "logout+jwt"), Claims: func(m map[string]any) {
			m["events"] = map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}
			m["jti"] = "logout"
		}}),
		row("OIDC-063-events", "an ID token with an events claim", Fault{Claims: assign("events",
			map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}})}),
		header("OIDC-064", "an access token", "typ", "at+jwt"),
	}
}
