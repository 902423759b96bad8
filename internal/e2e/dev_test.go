package e2e_test

import (
	"context"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
)

// devServer is a running `gatehouse dev`, with a cluster of its own.
type devServer struct {
	*process
	base, dir string
}

func startDev(tb testing.TB, flags ...string) *devServer {
	tb.Helper()
	s := &devServer{dir: tb.TempDir()}
	tb.Cleanup(func() { // as root the cluster may lie outside of its folder
		if err := devpg.Remove(context.WithoutCancel(tb.Context()), s.dir); err != nil {
			tb.Errorf("remove the cluster: %v", err)
		}
	})
	args := []string{"dev", "--addr", "127.0.0.1:0", "--idp-addr", "127.0.0.1:0", "--data", s.dir}
	s.process = start(tb, nil, append(args, flags...)...)
	s.base = s.waitFor(tb, s.stdout, `gatehouse is ready at (\S+)`)[1]
	return s
}

// observer finds the cluster as any other process would.
func (s *devServer) observer(tb testing.TB) observer {
	tb.Helper()
	address, err := devpg.Find(s.dir)
	if err != nil {
		tb.Fatalf("find the cluster: %v", err)
	}
	return observer(address.URL(devpg.Superuser, "gatehouse"))
}
