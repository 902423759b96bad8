package shared

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
)

//go:embed gcra.lua
var gcra string

// grant is what the script answers.
type grant struct {
	allowed    int
	remaining  int
	retryAfter time.Duration
	resetAfter time.Duration
}

// take counts up to n events of what is called name.
func (l *Limiter) take(ctx context.Context, name string, limit ratelimit.Limit, n int) (g grant, err error) {
	conn, err := l.pool.GetContext(ctx)
	if err != nil {
		return g, fmt.Errorf("connect to Redis: %w", err)
	}
	defer func() { _ = conn.Close() }() // back into the pool; whatever was wrong has been said
	events := int64(limit.Events)
	interval := max((limit.Per.Microseconds()+events-1)/events, 1) // rounded up: never more than the limit says
	answer, err := redis.Int64s(l.script.DoContext(ctx, conn, "gatehouse:"+name, interval, limit.Burst, n))
	if err != nil {
		return g, fmt.Errorf("count in Redis: %w", err)
	}
	if len(answer) != 4 {
		return g, fmt.Errorf("count in Redis: the answer has %d values", len(answer))
	}
	return grant{
		int(answer[0]), int(answer[1]), time.Duration(answer[2]) * time.Microsecond, time.Duration(answer[3]) * time.Microsecond,
	}, nil
}
