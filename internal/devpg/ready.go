package devpg

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// ready returns when the server answers a login.
func (p *postmaster) ready(ctx context.Context, a Address) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		// A login may be hanging at another program that has the port.
		select {
		case <-p.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	for {
		err := ping(ctx, a)
		if err == nil {
			return nil
		}
		select {
		case err := <-p.failure:
			return err
		case <-time.After(pollInterval):
		}
		if ctx.Err() != nil {
			return fmt.Errorf("no answer: %w", err)
		}
	}
}

func ping(ctx context.Context, a Address) error {
	cfg, err := pgx.ParseConfig(a.AdminURL())
	if err != nil {
		return err
	}
	// Should another program have taken the port, it gets no password from us,
	// and cannot pass for the server without knowing it.
	cfg.RequireAuth = "scram-sha-256"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
