package problems

// callers explains what is wrong with the credential of a request, or with how it was sent.
func callers() []Problem {
	return []Problem{
		{Code: "unauthenticated", Status: []int{401}, Meaning: "The request presents no credential that can be read.", Remedy: "Sign in, or send an API key."},
		{Code: "api_key_invalid", Status: []int{401}, Meaning: "The API key is mistyped, expired, revoked or replaced, or its creator or tenant may no longer act.", Remedy: "Create a new key."},
		{Code: "token_invalid", Status: []int{401}, Meaning: "The access token is not one of this server.", Remedy: "Sign in again."},
		{Code: "token_expired", Status: []int{401}, Meaning: "The access token has expired.", Remedy: "Refresh the session; browsers with our cookies need not do anything."},
		{Code: "session_invalid", Status: []int{401}, Meaning: "The refresh token names no session.", Remedy: "Sign in again."},
		{Code: "session_revoked", Status: []int{401}, Meaning: "The session was ended: by its owner, an administrator, or a change that ends sessions.", Remedy: "Sign in again."},
		{Code: "session_expired", Status: []int{401}, Meaning: "The session was idle for too long, or has reached its greatest age.", Remedy: "Sign in again. The tenant's sign-in policy sets both times."},
		{Code: "refresh_reused", Status: []int{401}, Meaning: "A refresh token was used a second time, so that somebody else may have it. The session was ended.", Remedy: "Sign in again, and keep only the newest token."},
		{Code: "cookies_ambiguous", Status: []int{401}, Meaning: "The browser sent one of our cookies twice, as it does when another site of the domain planted one.", Remedy: "Clear the cookies of this site and sign in again."},
		{Code: "reauth_required", Status: []int{401, 403}, Meaning: "This needs a person who proved who they are within the last minutes.", Remedy: "Sign in again and repeat the request. max_age says within how many seconds.", Extra: "max_age"},
		{Code: "session_required", Status: []int{403}, Meaning: "A person must do this in a session; API keys and set-up links cannot.", Remedy: "Use a session."},
		{Code: "cross_site", Status: []int{403}, Meaning: "A page of another site sent this request with this site's cookies.", Remedy: "Send it from a page of this site, or with a token instead of cookies."},
		{Code: "link_unusable", Status: []int{410}, Meaning: "The sign-in link was used, replaced or has expired.", Remedy: "Ask for a new one."},
	}
}
