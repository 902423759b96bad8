package shared

import (
	"context"
	"errors"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

const (
	patience = 25 * time.Millisecond // with one question, where the address says nothing
	dialing  = time.Second
	fresh    = time.Minute // that a connection may have lain idle before it is asked whether it is still one
)

// errAddress does not wrap what was wrong: that may hold the password.
var errAddress = errors.New("want redis://[user:password@]host[:port][/db], or rediss:// for TLS")

// Check says what is wrong with the address of a Redis.
func Check(address string) error {
	_, err := timeoutOf(address)
	return err
}

// timeoutOf is how long one question to an address may take: its read_timeout, which is all that may follow a question mark.
func timeoutOf(address string) (time.Duration, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "redis" && u.Scheme != "rediss") || u.Host == "" || u.Fragment != "" {
		return 0, errAddress
	}
	if db := strings.TrimPrefix(u.Path, "/"); db != "" {
		if _, err := strconv.ParseUint(db, 10, 16); err != nil {
			return 0, errAddress
		}
	}
	timeout := patience
	for name, values := range u.Query() {
		if name != "read_timeout" || len(values) != 1 {
			return 0, errors.New("only ?read_timeout= may follow the address of a Redis")
		}
		if timeout, err = time.ParseDuration(values[0]); err != nil || timeout <= 0 {
			return 0, errors.New("want a positive read_timeout like 100ms in the address of a Redis")
		}
	}
	return timeout, nil
}

// newPool makes connections that are given up after one try: whoever asks has better things to do than to wait for a second one. While Redis
// is in doubt every idle one is asked before it is used: a restart has ended them all, and each would else cost a look of its own.
func newPool(address string, doubt func() bool) *redis.Pool {
	most := 10 * runtime.GOMAXPROCS(0)
	return &redis.Pool{
		MaxIdle: most, MaxActive: most, Wait: true,
		DialContext: func(ctx context.Context) (redis.Conn, error) {
			return redis.DialURLContext(ctx, address, redis.DialConnectTimeout(dialing), redis.DialWriteTimeout(dialing))
		},
		TestOnBorrowContext: func(ctx context.Context, conn redis.Conn, since time.Time) error {
			if time.Since(since) < fresh && !doubt() {
				return nil
			}
			_, err := redis.DoContext(conn, ctx, "PING")
			return err
		},
	}
}
