// Package client asks Gatehouse from a product in another process. It imports nothing of Gatehouse, no web framework and no database.
//
//	c, err := client.New(client.Config{BaseURL: "https://login.example.com"})
//	mux.Handle("POST /api/agents", c.Require("agents:run").Feature("ai.agents").Then(agents))
//
// The words: a [Credential] is what a caller presented, not yet believed. A [Question] is a permission, a feature or both. A [Decision] is
// the server's answer to it, and a [Principal] is who was asked about. A [Problem] is a refusal in the server's own words.
//
// There are four ways, from the freshest to the cheapest:
//
//   - [Client.Require] and [Client.Authorize] ask once for a request: who is it, and may they? [Client.Check] and [Client.CheckBatch] ask
//     further questions about a credential. Whatever was revoked is refused within a second.
//   - [Local.Check] decides in this process, about access tokens of one tenant, while [Local.Follow] keeps to what the server streams of it. A
//     question costs no request, and whatever was revoked is refused within a second of it: a stream that is older is not decided by, and
//     the server is asked instead.
//   - [Verifier.Verify] reads an access token by the server's public keys and asks nobody. It says who somebody was when the token was made:
//     a token that was revoked since, a role that was lowered and a tenant that was suspended go unnoticed until it expires, which is up
//     to five minutes. Decide nothing by it that must end at once.
//
// What is limited is asked by [Client.Reserve], with [Client.Settle] or [Client.Release] afterwards, or by [Client.Count] where it is known before
// how much will be used. What a product uses beside that it tells by [Client.Recorder], which keeps it until the server has counted it.
//
// Everything fails closed. A server that cannot be reached, answers too late, with a failure or with something that is no answer of
// Gatehouse, gives [ErrUnavailable] and a Decision that denies; the middleware answers it with 503. There is no way to switch that off.
package client
