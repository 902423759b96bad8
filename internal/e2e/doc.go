// Package e2e holds the tests of the whole: the program as it is shipped, run as processes of the operating system, with real Postgres,
// real identity providers and a real browser around it. What a test needs it starts itself and stops by its process id; what it cannot
// start fails the test.
//
// The program is built once, with the race detector where the tests have it, and a race that it reports fails the test that ran it.
//
//   - providers_test.go: a script signs in through two providers that others wrote, one for each of two tenants.
//   - fleet_test.go: two servers on one database, as in production, over https to their providers. What one refuses the other refuses too.
//   - freshness_test.go: every kind of change, made by way of one of two servers or the command line, and when each of them answers by it.
//   - linear_test.go: eight clients change tenants by way of both servers, and no answer is older than was asked for.
//   - forward_test.go: the configurations of docs/forward-auth, with a real nginx and a real Caddy.
//   - typescript_test.go: examples/aichat-ts behind nginx, with a client that is generated of the OpenAPI document.
//   - chromium_test.go: a person signs in to `gatehouse dev` in headless Chromium.
package e2e
