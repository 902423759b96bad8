package authn

import "context"

// Origin is where a request came from.
type Origin struct {
	RequestID string
	Address   string // of the client, after trusted proxies
	UserAgent string // cut to 256 bytes
}

type originKey struct{}

// WithOrigin returns a context that carries o.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// OriginFrom returns the origin of the context; empty outside a request.
func OriginFrom(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}
