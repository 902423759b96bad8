// Package web makes an HTTP server of a table.
//
// A [Table] has one [Route] a line: method, path, who may call, and the function that answers. Who may call is a required
// argument, exceptions are loud, and the zero value denies. The [Server] does the rest for every row alike: it says who is
// asking, decides, limits, decodes strictly, opens one transaction and answers failures as problem documents (RFC 9457).
// What happens to a request, in which order, is the list in server.go.
//
// An adapter makes a [Handler] of a plain function:
//
//   - [Tenant] works inside the caller's tenant, [Admit] also on the global rows of people;
//   - [Prepared] and [PreparedAdmit] do what waits for the network first, outside of the transaction;
//   - [Snapshot] opens no transaction: the hot path;
//   - [Raw] gets the echo.Context: redirects, forms, webhooks, files.
package web
