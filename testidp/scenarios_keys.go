package testidp

func keyScenarios() []Scenario {
	row := func(id, title string, outcome Outcome, f func(*Provider) Fault) Scenario {
		return Scenario{ID: id, Title: title, Stage: InKeys, Outcome: outcome, Fault: f}
	}
	// Signs with the key and publishes it beside the honest ones.
	published := func(newKey func() (*Key, error)) func(*Provider) Fault {
		return func(*Provider) Fault {
			key := made(newKey())
			return Fault{Key: key, JWKS: publish(key.JWK())}
		}
	}
	each := func(change func(jwk map[string]any)) func(*Provider) Fault {
		return always(Fault{JWKS: func(set map[string]any) {
			for _, key := range set["keys"].([]any) {
				change(key.(map[string]any))
			}
		}})
	}
	noKid := func(h map[string]any) { delete(h, "kid") }
	return []Scenario{
		row("OIDC-032", "HS256 by an oct key in the key set", Refuse, func(*Provider) Fault {
			key := made(NewKey(HS256))
			return Fault{
				Key: key, JWKS: publish(key.JWK()),
				Discovery: assign("id_token_signing_alg_values_supported", []string{RS256, HS256}),
			}
		}),
		row("OIDC-034", "PS256 by a key that is marked RS256", Refuse, func(*Provider) Fault {
			key := made(NewKey(RS256))
			return Fault{Key: key, Sign: SignOtherAlg, JWKS: publish(key.JWK())}
		}),
		row("OIDC-035-use", "a key for encryption signs", Refuse, each(assign("use", "enc"))),
		row("OIDC-035-ops", "key_ops without verify", Refuse, each(assign("key_ops", []string{"encrypt", "wrapKey"}))),
		row("OIDC-036", "no kid, one key", Accept, func(p *Provider) Fault {
			key := p.SigningKey()
			return Fault{Key: key, Header: noKid, JWKS: assign("keys", []any{key.JWK()})}
		}),
		row("OIDC-037-fits", "no kid, several keys, one fits", Accept, func(p *Provider) Fault {
			key, other := p.SigningKey(), ES256
			if key.Algorithm == ES256 {
				other = EdDSA
			}
			return Fault{Key: key, Header: noKid, JWKS: assign("keys", []any{made(NewKey(other)).JWK(), key.JWK()})}
		}),
		row("OIDC-037", "no kid, several keys fit", Refuse, func(p *Provider) Fault {
			return Fault{Header: noKid, JWKS: publish(made(NewKey(p.algorithm)).JWK())}
		}),
		row("OIDC-044-512", "RSA key of 512 bits", Refuse, published(func() (*Key, error) { return WeakRSAKey(512) })),
		row("OIDC-044-1024", "RSA key of 1024 bits", Refuse, published(func() (*Key, error) { return WeakRSAKey(1024) })),
		row("OIDC-044-e1", "RSA key with exponent 1", Refuse, published(UnityRSAKey)),
		row("OIDC-044-roca", "RSA key of CVE-2017-15361", Refuse, published(ROCAKey)),
		row("OIDC-044-curve", "P-384 key that calls itself ES256", Refuse, published(CrookedCurveKey)),
		row("OIDC-044-point", "EC point that is not on its curve", Refuse, func(*Provider) Fault {
			key := made(NewKey(ES256))
			return Fault{Key: key, JWKS: publish(made(offCurve(key)))}
		}),
		row("OIDC-045", "two keys with one kid", Refuse, func(p *Provider) Fault {
			key := made(NewKey(p.algorithm))
			key.ID = p.SigningKey().ID
			return Fault{JWKS: publish(key.JWK())}
		}),
		row("OIDC-083-keep", "a new key just before signing", Accept, always(Fault{Rotate: RotateKeep})),
		row("OIDC-083-drop", "a new key just before signing, the old one withdrawn", Accept, always(Fault{Rotate: RotateDrop})),
		row("OIDC-107", "the key set holds an attacker's key only", Limit, func(p *Provider) Fault {
			key := made(NewKey(p.algorithm))
			return Fault{Key: key, JWKS: assign("keys", []any{key.JWK()})}
		}),
		row("KEYS-empty", "no keys at all", Refuse, always(Fault{JWKS: assign("keys", []any{})})),
		row("KEYS-type", "keys is a string", Refuse, always(Fault{JWKS: assign("keys", "none")})),
		row("KEYS-many", "ten thousand keys", Refuse, func(*Provider) Fault {
			jwk := made(NewKey(ES256)).JWK()
			many := make([]map[string]any, 10_000)
			for i := range many {
				many[i] = jwk
			}
			return Fault{JWKS: publish(many...)}
		}),
		row("KEYS-private", "the key set holds a private key", Limit, each(assign("d", "AQAB"))),
	}
}
