package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

// drain is how long requests that are under way may still take when the server stops.
const drain = 20 * time.Second

// front is what the server listens on.
type front struct {
	main    net.Listener
	metrics net.Listener // nil: no metrics
}

// listenFor takes both addresses or neither; "off" is none for the metrics.
func listenFor(ctx context.Context, addr, metricsAddr string) (*front, error) {
	var f front
	var err error
	if f.main, err = listen(ctx, addr); err != nil {
		return nil, err
	}
	if metricsAddr == "off" {
		return &f, nil
	}
	if f.metrics, err = listen(ctx, metricsAddr); err != nil {
		f.close()
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return &f, nil
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return l, nil
}

func (f *front) close() {
	_ = f.main.Close() // a server may have closed it
	if f.metrics != nil {
		_ = f.metrics.Close()
	}
}

// serve works until ctx ends, with what is beside it, then lets requests finish before what they need is stopped.
func (f *front) serve(
	ctx context.Context, g *gatehouse.Gatehouse, handler http.Handler, log *slog.Logger, beside ...func(context.Context),
) error {
	// Background work outlives the listeners: a request that is being drained still needs fresh snapshots.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return g.Run(background) })
	for _, work := range beside {
		group.Go(func() error {
			work(ctx)
			return nil
		})
	}
	servers := map[net.Listener]*http.Server{f.main: web.NewHTTPServer("", handler, log)}
	if f.metrics != nil {
		servers[f.metrics] = web.NewHTTPServer("", g.Metrics(), log)
	}
	servers[f.main].RegisterOnShutdown(g.Drain)
	for l, s := range servers {
		group.Go(func() error {
			if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve: %w", err)
			}
			return nil
		})
	}
	group.Go(func() error {
		<-ctx.Done()
		defer stop()
		bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		var all error
		for _, s := range servers {
			all = errors.Join(all, s.Shutdown(bye))
		}
		return all
	})
	return group.Wait()
}
