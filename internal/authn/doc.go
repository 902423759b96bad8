// Package authn says who is asking: the [Principal] of a request and the [Origin] it came from. It holds no rules; the guard of
// internal/web puts both into the context, and everything below reads them from there.
package authn
