package authn

import "context"

// Context is what [With] and [WithOrigin] make, as a part of something that is allocated anyway. It must not be changed once it is in use.
type Context struct {
	context.Context //nolint:containedctx // it is one

	Principal *Principal // nil: that of the context within
	Origin    *Origin    // nil: that of the context within
}

// Value implements context.Context.
func (c *Context) Value(key any) any {
	switch key.(type) {
	case principalKey:
		if c.Principal != nil {
			return c.Principal
		}
	case originKey:
		if c.Origin != nil {
			return c.Origin
		}
	}
	return c.Context.Value(key)
}
