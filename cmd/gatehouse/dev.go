package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/internal/devpg"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/internal/telemetry"
	"github.com/seed-2a059015/gatehouse/testidp"
)

type devFlags struct {
	addr, baseURL, idpAddr, metricsAddr, data, catalog string
	demo, verbose                                      bool
}

func devCommand() *cobra.Command {
	var f devFlags
	c := &cobra.Command{
		Use: "dev", Short: "Start everything that a newcomer needs: Postgres, test identity providers, demo tenants", Args: nothing,
		Long: "Keeps a private Postgres cluster and fresh secrets in its data folder, and the next start goes on there. Ctrl-C, or closing the terminal, stops everything\n" +
			"that it started. Mail is shown on a page instead of sent. For development only.",
		Example: "  gatehouse dev --addr :9000\n  gatehouse dev --demo=false --data /tmp/try\n  gatehouse tenant list --data .gatehouse",
		RunE:    func(c *cobra.Command, _ []string) error { return dev(c, f) },
	}
	c.Flags().StringVar(&f.addr, "addr", "127.0.0.1:8080", "address to listen on")
	c.Flags().StringVar(&f.baseURL, "base-url", "", "address that browsers use, when a reverse proxy stands before it (default: that of --addr)")
	c.Flags().StringVar(&f.idpAddr, "idp-addr", "127.0.0.1:8081", "address of the test identity providers")
	c.Flags().StringVar(&f.metricsAddr, "metrics-addr", "off", "address for Prometheus")
	c.Flags().StringVar(&f.data, "data", defaultData, "folder of the private Postgres cluster and its secrets")
	c.Flags().StringVar(&f.catalog, "catalog", "", "put this catalog in force")
	c.Flags().BoolVar(&f.demo, "demo", true, "seed demo tenants and start their identity providers")
	c.Flags().BoolVar(&f.verbose, "verbose", false, "log each request")
	return c
}

// dev starts what has an address first: that one is taken should be said before anything else runs.
func dev(c *cobra.Command, f devFlags) (err error) {
	ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGHUP) // of a terminal that is closed: Postgres must not outlive it
	defer stop()
	c.SetContext(ctx)
	level := slog.LevelWarn
	if f.verbose {
		level = slog.LevelInfo
	}
	log := telemetry.NewLogger(os.Stderr, level)
	if running, err := runningDev(f.data); err == nil {
		return fmt.Errorf("gatehouse dev already runs on %s, at %s", f.data, running["GATEHOUSE_BASE_URL"])
	}
	catalog, err := readCatalog(f.catalog)
	if err != nil {
		return err
	}
	front, err := listenFor(ctx, f.addr, f.metricsAddr)
	if err != nil {
		return err
	}
	defer front.close()
	own := reachable(front.main.Addr())
	if f.baseURL == "" {
		f.baseURL = "http://" + own
	}
	var idps *testidp.Server
	if f.demo {
		var stop func()
		if idps, stop, err = startProviders(f.idpAddr, f.baseURL); err != nil {
			return err
		}
		defer stop()
	}
	pg, err := devpg.Start(ctx, devpg.Config{Dir: f.data, Log: log})
	if ctx.Err() != nil && err != nil {
		return ctx.Err() // not what Postgres says when it is interrupted
	}
	if err != nil {
		return err
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		err = errors.Join(err, pg.Stop(stop))
	}()
	s, err := prepareDev(ctx, pg, f.baseURL)
	if err != nil {
		return err
	}
	if idps != nil {
		if err := keepProviderKeys(pg.Dir, idps); err != nil {
			return err
		}
	}
	// A file that stays is seen to be stale.
	defer os.Remove(filepath.Join(pg.Dir, stateFile))
	p, err := s.forCommands()
	if err != nil {
		return err
	}
	cfg := s.config(p)
	cfg.Log, cfg.Outbox, cfg.InsecureLoopbackProviders, cfg.Catalog, cfg.Hosts = log, &mail.Outbox{}, true, catalog, append(alsoCalled(p.base), own)
	if idps != nil {
		cfg.GoogleClientID, cfg.GoogleClientSecret, cfg.GoogleIssuer = demoClient, demoSecret, idps.Provider("google").URL()
	}
	g, err := gatehouse.New(ctx, cfg)
	if err != nil {
		return err
	}
	defer g.Close()
	handler, err := g.Handler()
	if err != nil {
		return err
	}
	return serveDev(c, devParts{g, pg, idps, front, homeward(p.base, handler), s, log})
}

// devParts is what has been started.
type devParts struct {
	*gatehouse.Gatehouse
	pg      *devpg.Cluster
	idps    *testidp.Server // nil without --demo
	front   *front
	handler http.Handler
	settings
	log *slog.Logger
}

// serveDev runs the server and, beside it, seeds and says when it is ready. The end of Postgres ends everything.
func serveDev(c *cobra.Command, d devParts) error {
	group, ctx := errgroup.WithContext(c.Context())
	group.Go(func() error { return d.front.serve(ctx, d.Gatehouse, d.handler, d.log) })
	group.Go(func() error {
		select {
		case <-ctx.Done():
			return nil
		case err := <-d.pg.Wait():
			return fmt.Errorf("%w; start again", err)
		}
	})
	group.Go(func() error {
		if d.idps != nil {
			if err := seed(ctx, d.Gatehouse, d.idps); err != nil {
				return fmt.Errorf("seed the demo tenants: %w", err)
			}
		}
		if err := d.WaitReady(ctx); err != nil {
			return err
		}
		return announce(c, d.settings, reachable(d.front.main.Addr()), d.idps)
	})
	return group.Wait()
}
