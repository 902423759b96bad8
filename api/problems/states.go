package problems

// states explains conflicts with what is stored.
func states() []Problem {
	return []Problem{
		{Code: "last_owner", Status: []int{409}, Meaning: "The organization would be left without an active owner.", Remedy: "Make somebody else an owner first."},
		{Code: "member_exists", Status: []int{409}, Meaning: "The person is already a member.", Remedy: "Change the membership that is there."},
		{Code: "email_in_use", Status: []int{409}, Meaning: "Another member of the organization has this address.", Remedy: "Use another address."},
		{Code: "invitation_exists", Status: []int{409}, Meaning: "The address has an invitation that can still be accepted.", Remedy: "Send that one again, or revoke it first."},
		{Code: "invitation_over", Status: []int{409}, Meaning: "The invitation was accepted, revoked or sent too often.", Remedy: "Make a new one, or remove the member who accepted it."},
		{Code: "slug_taken", Status: []int{409}, Meaning: "The slug cannot be used.", Remedy: "Use another one."},
		{Code: "domain_exists", Status: []int{409}, Meaning: "The organization already lists this domain.", Remedy: "Use the entry that is there."},
		{Code: "too_many_domains", Status: []int{409}, Meaning: "The organization lists as many domains as it may.", Remedy: "Remove one that is not needed."},
		{Code: "domain_unavailable", Status: []int{409}, Meaning: "The domain cannot be used by this organization, although its record may be in place.", Remedy: "Ask the operator of this installation."},
		{Code: "owner_required", Status: []int{403}, Meaning: "Only an owner may decide whether single sign-on is required.", Remedy: "Ask an owner, or use an API key that the operator made."},
		{Code: "sso_unproven", Status: []int{409}, Meaning: "Single sign-on cannot be required by somebody who did not come in by it.", Remedy: "Sign in through the connection first: that shows that it works."},
		{Code: "connection_incomplete", Status: []int{409}, Meaning: "The connection has no client secret yet.", Remedy: "Store the secret, then activate the connection."},
		{Code: "connection_state", Status: []int{409}, Meaning: "The connection cannot go to that state from the one it is in.", Remedy: "Take the steps in order: draft, testing, optional, required."},
		{Code: "connection_unproven", Status: []int{409}, Meaning: "Fewer than two active members, or no owner, have signed in through the connection since its provider last changed.", Remedy: "Let an owner and a colleague sign in through it first."},
		{Code: "connection_required", Status: []int{409}, Meaning: "The connection is the only way in, so it cannot be pointed at another provider.", Remedy: "Make it optional first."},
		{Code: "endpoints_changed", Status: []int{409}, Meaning: "The provider's endpoints differ from those that were accepted when the connection was saved.", Remedy: "Look at the change and repeat the request with accept_endpoints if it is expected."},
		{Code: "connection_protocol", Status: []int{409}, Meaning: "Only a SAML connection has metadata, certificates and keys.", Remedy: "Use a SAML connection."},
		{Code: "no_metadata_url", Status: []int{409}, Meaning: "The connection's metadata was pasted or typed, so that there is no address to read it from.", Remedy: "Give the connection the address of the provider's metadata."},
		{Code: "last_certificate", Status: []int{409}, Meaning: "No other certificate of the connection is trusted and valid, so nobody could sign in.", Remedy: "Add or approve another one first, or disable the connection."},
		{Code: "certificate_expired", Status: []int{409}, Meaning: "The certificate has expired.", Remedy: "Ask the provider for its current one."},
		{Code: "too_many_certificates", Status: []int{409}, Meaning: "The connection trusts as many certificates as it may.", Remedy: "Remove one that is not in use."},
		{Code: "next_key_exists", Status: []int{409}, Meaning: "The connection has a next key already.", Remedy: "Activate it or drop it."},
		{Code: "too_many_keys", Status: []int{409}, Meaning: "The connection has as many keys as it may.", Remedy: "Drop one that is retired."},
		{Code: "key_active", Status: []int{409}, Meaning: "The active key of a connection cannot be dropped.", Remedy: "Activate another key first."},
		{Code: "last_sign_in_method", Status: []int{409}, Meaning: "The person would be left without a way to sign in.", Remedy: "Link another one first."},
		{Code: "identity_in_use", Status: []int{409}, Meaning: "The identity is already linked.", Remedy: "Sign in with it, or unlink it where it is linked."},
		{Code: "api_key_expired", Status: []int{409}, Meaning: "The API key has expired, so that a new secret would not work.", Remedy: "Create a new key."},
		{Code: "idempotency_in_progress", Status: []int{409}, Meaning: "A request with the same Idempotency-Key is under way.", Remedy: "Wait and repeat the request with the same key."},
		{Code: "signed_in_already", Status: []int{409}, Meaning: "A provider wants to sign somebody in where somebody is signed in already.", Remedy: "Sign out first, then start again at the provider."},
		{Code: "attempt_exists", Status: []int{409}, Meaning: "The sign-in was already started.", Remedy: "Start again."},
		{Code: "link_exists", Status: []int{409}, Meaning: "The sign-in link was already made.", Remedy: "Make a new one."},
		{Code: "refresh_raced", Status: []int{409}, Meaning: "Another request has refreshed the session at the same moment.", Remedy: "Use the tokens of that request, or repeat this one."},
	}
}
