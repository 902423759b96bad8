package problems

// outages explains what the caller has no part in. But for outcome_unknown nothing was changed, and all but internal are worth a repetition.
func outages() []Problem {
	return []Problem{
		{Code: "internal", Status: []int{500}, Meaning: "Something went wrong on the server's side.", Remedy: "Tell the operator the request id: the log has the cause under it."},
		{Code: "database_unavailable", Status: []int{503}, Meaning: "The database does not answer. Nothing was changed.", Remedy: "Try again after the seconds in the Retry-After header."},
		{Code: "outcome_unknown", Status: []int{503}, Meaning: "The database went away while the change was being confirmed: it may have been made or not.", Remedy: "Look before trying again, or repeat with the same Idempotency-Key where the route takes one."},
		{Code: "try_again", Status: []int{503}, Meaning: "Two changes met. Nothing was changed.", Remedy: "Try again."},
		{Code: "usage_closed", Status: []int{503}, Meaning: "This server is about to stop. None of the request's usage events was taken.", Remedy: "Send the same events with the same ids again."},
		{Code: "usage_sealing", Status: []int{503}, Meaning: "Usage is being sealed or retired right now.", Remedy: "Try again in some minutes."},
		{Code: "overloaded", Status: []int{503}, Meaning: "The server has as many requests as it can hold.", Remedy: "Try again after the seconds in the Retry-After header."},
		{Code: "no_catalog", Status: []int{503}, Meaning: "No catalog of permissions and plans is in force, so nothing can be allowed.", Remedy: "The operator applies one."},
		{Code: "no_signing_key", Status: []int{503}, Meaning: "No key can sign access tokens at the moment.", Remedy: "Try again. The operator checks the master keys if it lasts."},
		{Code: "not_ready", Status: []int{503}, Meaning: "The server cannot serve yet, or not at the moment.", Remedy: "Try again. The operator's log says what is missing."},
		{Code: "schema_behind", Status: []int{503}, Meaning: "The database has an older schema than this release.", Remedy: "The operator runs gatehouse migrate up."},
	}
}
