package shared

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Quiet keeps the client library from writing to standard error what a [Limiter] logs itself. It does so for the whole process, so
// that only a program may call it.
func Quiet() { redis.SetLogger(silence{}) }

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}
