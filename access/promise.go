package access

import (
	"context"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// promise is a version of a tenant that a caller knows of.
type promise struct {
	tenant  id.Tenant
	version int64
}

type promiseKey struct{}

// AsOf returns a context in which everything that the Store answers about a tenant is from a version on, whoever it is about. The error is
// ErrVersion.
func (s *Store) AsOf(ctx context.Context, tenant id.Tenant, version string) (context.Context, error) {
	known, err := s.promised(tenant, version)
	if err != nil {
		return nil, err
	}
	return context.WithValue(ctx, promiseKey{}, promise{tenant, known}), nil
}

// promisedIn is the version of a tenant that a context asks for; 0 for none.
func promisedIn(ctx context.Context, tenant id.Tenant) int64 {
	if p, ok := ctx.Value(promiseKey{}).(promise); ok && p.tenant == tenant {
		return p.version
	}
	return 0
}
