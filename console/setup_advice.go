package console

import "strings"

// advise adds what to do to what is wrong, for the reasons of a configuration that cannot be used.
func advise(reason, detail string) string {
	if advice := advices()[reason]; advice != "" {
		return strings.TrimSpace(detail + " " + advice)
	}
	return detail
}

func advices() map[string]string {
	return map[string]string{
		// SAML metadata.
		"not_metadata":          "Open the address in a private window: it must show XML, without asking anybody to sign in.",
		"sp_metadata":           "Go back to the provider and look for its own metadata, often called IdP metadata or federation metadata.",
		"oidc_discovery":        "Begin again with OpenID Connect if that is what your provider is set up for.",
		"malformed":             "Download the file again and upload it as it is, without opening it in an editor.",
		"several_entities":      "Choose below which of them your people sign in at.",
		"unknown_entity":        "Choose one of those that the document describes.",
		"entity_id_invalid":     "Copy the provider's entity ID, often called issuer, to the letter.",
		"sign_on_missing":       "Switch single sign-on by redirect or POST on at the provider, then take its metadata again.",
		"endpoint_refused":      "It must be an https address that browsers outside of your network can reach.",
		"certificate_missing":   "Switch the signing of assertions on at the provider, then take its metadata again.",
		"certificate_expired":   "Renew the signing certificate at the provider, then take its metadata again.",
		"certificates_too_many": "Take those away at the provider that it signs with no more.",
		"binding_missing":       "Leave the choice of the binding to the metadata.",
		"nameid_transient":      "Set the name ID format to persistent at the provider.",

		// OpenID Connect.
		"issuer_invalid":            "Leave /.well-known/openid-configuration out, and keep the rest as the provider shows it.",
		"issuer_mismatch":           "Open the issuer with /.well-known/openid-configuration behind it and copy the value of issuer from there. A slash at the end counts.",
		"entra_multi_tenant_issuer": "In Entra ID it is https://login.microsoftonline.com/ followed by your Directory (tenant) ID and /v2.0; the ID is on the Overview of the app registration.",
		"unreachable":               "It has to answer on the internet, over https, within a few seconds. Check the address for typing mistakes, and that no firewall asks for a sign-in.",
		"document_invalid":          "Check that the address is the issuer's and not that of a sign-in page.",
		"no_code_flow":              "Allow the authorization code flow for this application at the provider.",
		"no_usable_algorithm":       "Set the signing algorithm of the application to RS256 at the provider.",
		"no_usable_token_auth":      "Set the authentication of the client to a client secret at the provider.",
		"endpoint_not_https":        "Ask who runs the provider to publish https addresses.",
		"jwks_unusable":             "The provider must publish the key that it signs ID tokens with.",
	}
}
