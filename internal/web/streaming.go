package web

import "context"

// Streaming takes the request out of the count of those in progress, before a handler answers for minutes: streams must not take the room of
// what asks and goes. The handler bounds how many there are.
func Streaming(ctx context.Context) {
	if ex, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		ex.leave()
		ex.left = true
	}
}

// PresentedKey is the API key that the request came with, for a handler that has to look at it again; empty if there was none.
func PresentedKey(ctx context.Context) string {
	if ex, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return ex.shown.key
	}
	return ""
}
