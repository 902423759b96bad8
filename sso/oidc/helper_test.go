package oidc_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/netguard"
	"github.com/seed-2a059015/gatehouse/sso/oidc"
	"github.com/seed-2a059015/gatehouse/testidp"
)

// newProvider returns our side with a clock that a test may move, and a server of theirs with one issuer.
func newProvider(tb testing.TB) (*oidc.Provider, *testidp.Server, *testidp.Provider, *atomic.Int64) {
	tb.Helper()
	server, stop, err := testidp.Listen("127.0.0.1:0", testidp.Issuer{
		Name: "corp", Clients: []testidp.Client{{ID: "gatehouse"}},
		Users: []testidp.User{{Login: "alice", Email: "alice@corp.test", EmailVerified: true}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(stop)
	guard := netguard.NewDev(netguard.Policy{BreakerFailures: 1000})
	tb.Cleanup(guard.CloseIdleConnections)
	ahead := &atomic.Int64{}
	p, err := oidc.New(oidc.Config{Guard: guard, Clock: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	if err != nil {
		tb.Fatal(err)
	}
	return p, server, server.Provider("corp"), ahead
}
