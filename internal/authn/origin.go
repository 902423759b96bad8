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
	return &Context{Context: ctx, Origin: &o}
}

// OriginFrom returns the origin of the context; empty outside a request.
func OriginFrom(ctx context.Context) Origin {
	if o, ok := ctx.Value(originKey{}).(*Origin); ok {
		return *o
	}
	return Origin{}
}
