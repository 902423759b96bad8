package problems

// requests explains what is wrong with a request itself, whoever sends it.
func requests() []Problem {
	return []Problem{
		{Code: "malformed_json", Status: []int{400}, Meaning: "The body is not JSON, holds a member twice, is nested too deep or is followed by more.", Remedy: "Send one JSON object in UTF-8."},
		{Code: "body_required", Status: []int{400}, Meaning: "The route reads a JSON body and got none.", Remedy: "Send the body that the reference shows, at least {}."},
		{Code: "unexpected_body", Status: []int{400}, Meaning: "The route reads no body and got one.", Remedy: "Send none: a body that is silently ignored would hide a mistake."},
		{Code: "body_unreadable", Status: []int{400}, Meaning: "The connection broke before the whole body had arrived.", Remedy: "Send the request again."},
		{Code: "version_unknown", Status: []int{422}, Meaning: "min_version or If-Gatehouse-Version is not what an answer of this installation carried as Gatehouse-Version for the caller's tenant, or the database was put back to an older state.", Remedy: "Send the header of the answer as it came, or leave it out: answers are at most a second old without it."},
		{Code: "malformed_form", Status: []int{400}, Meaning: "A form of a page could not be read.", Remedy: "Go back, reload the page and send the form again."},
		{Code: "logout_refused", Status: []int{400}, Meaning: "A logout message could not be proven to come from the connection's provider, was used before, or belongs to no sign-out of this browser.", Remedy: "The server's log has the reason under the request id. Compare address, certificate and clock of the provider."},
		{Code: "malformed_query", Status: []int{400}, Meaning: "The query string has escapes that mean nothing.", Remedy: "Encode names and values as application/x-www-form-urlencoded."},
		{Code: "unknown_parameter", Status: []int{400}, Meaning: "The query has a parameter that this route does not know.", Remedy: "Remove it. The tenant is never a parameter: the credential names it.", Extra: "fields"},
		{Code: "repeated_parameter", Status: []int{400}, Meaning: "The query has the same parameter twice.", Remedy: "Send each parameter once."},
		{Code: "invalid_cursor", Status: []int{400}, Meaning: "The cursor was not made by this list with these filters, in this tenant.", Remedy: "Pass next_cursor back unchanged, or begin without a cursor."},
		{Code: "invalid_limit", Status: []int{400}, Meaning: "The limit is not a number from 1 to 200.", Remedy: "Ask for at most 200 items and follow next_cursor."},
		{Code: "several_credentials", Status: []int{400}, Meaning: "The request presents more than one credential, such as cookies and an API key.", Remedy: "Send exactly one, so that it is no question of luck who is asking."},
		{Code: "credential_in_query", Status: []int{400}, Meaning: "The URL holds a credential.", Remedy: "Send it in the Authorization or X-API-Key header, and replace the one that was sent: URLs are logged on the way."},
		{Code: "tenant_mismatch", Status: []int{400}, Meaning: "X-Tenant-ID names another tenant than the credential does.", Remedy: "Leave the header out, or use the credential of that tenant."},
		{Code: "idempotency_key_invalid", Status: []int{400}, Meaning: "The Idempotency-Key is empty, too long, not printable or there twice.", Remedy: "Use 1 to 128 printable ASCII characters, such as a random UUID."},
		{Code: "refused", Status: []int{400}, Meaning: "The server could not make sense of the request before any route saw it.", Remedy: "Compare the request with the reference."},
		{Code: "not_found", Status: []int{404}, Meaning: "There is no such resource here. What exists in another tenant is answered in the same way.", Remedy: "Check the id, its prefix and which tenant the credential belongs to."},
		{Code: "method_not_allowed", Status: []int{405}, Meaning: "The path exists and has no such method.", Remedy: "Use one of the methods in the Allow header."},
		{Code: "body_too_large", Status: []int{413}, Meaning: "The body is larger than this route reads.", Remedy: "Send less: 256 KiB unless the reference says otherwise."},
		{Code: "query_too_long", Status: []int{414}, Meaning: "The query string is longer than 8 KiB.", Remedy: "Send less."},
		{Code: "content_type", Status: []int{415}, Meaning: "The body has another media type than the route reads.", Remedy: "Send Content-Type: application/json."},
		{Code: "content_encoding", Status: []int{415}, Meaning: "The body is compressed.", Remedy: "Send it as it is."},
		{Code: "wrong_host", Status: []int{421}, Meaning: "The Host header names a host for which this server does not answer.", Remedy: "Use the public address. An operator adds further names to the configuration."},
		{Code: "invalid_input", Status: []int{422}, Meaning: "A value has the right form and cannot be used.", Remedy: "The member fields says which, and why.", Extra: "fields"},
		{Code: "unconfirmed", Status: []int{422}, Meaning: "A page asked to confirm a change by a tick, and the tick was missing.", Remedy: "Tick the box beside the button."},
		{Code: "connection_invalid", Status: []int{422}, Meaning: "The identity provider cannot be used as configured.", Remedy: "The member fields says what was found; network says why its address was not asked.", Extra: "fields, network"},
		{Code: "idempotency_mismatch", Status: []int{422}, Meaning: "The Idempotency-Key was used for another request.", Remedy: "Use a new key for each new request."},
		{Code: "rate_limited", Status: []int{429}, Meaning: "There were too many requests of this caller, of their organization or from their address.", Remedy: "Wait for the seconds in the Retry-After header. The member limit says what was reached, and needs_plan which plan allows more.", Extra: "limit, needs_plan"},
		{Code: "too_many_concurrent", Status: []int{429}, Meaning: "The organization has as many requests in progress as its plan allows at once.", Remedy: "Wait for answers before asking again, or move to the plan in needs_plan.", Extra: "limit, needs_plan"},
		{Code: "too_many_invitations", Status: []int{429}, Meaning: "The organization, or somebody in its name, has sent too many invitations.", Remedy: "Wait as long as Retry-After says."},
		{Code: "too_many_attempts", Status: []int{429}, Meaning: "Too many sign-ins were started from one address.", Remedy: "Wait a few minutes."},
	}
}
