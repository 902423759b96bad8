package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/internal/telemetry"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

// drain is how long requests that are under way may still take when the server stops.
const drain = 20 * time.Second

func serveCommand() *cobra.Command {
	var addr, metricsAddr, catalogFile string
	c := &cobra.Command{
		Use: "serve", Short: "Serve in production, configured by the environment; says everything that is missing at once", Args: cobra.NoArgs,
	}
	c.Flags().StringVar(&addr, "addr", "", "address to listen on (default GATEHOUSE_ADDR, or :8080)")
	c.Flags().StringVar(&metricsAddr, "metrics-addr", "", "address for Prometheus (default GATEHOUSE_METRICS_ADDR, or 127.0.0.1:9090; \"off\" for none)")
	c.Flags().StringVar(&catalogFile, "catalog", "", "put this catalog in force")
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := loadSettings(nil)
		if err != nil {
			return err
		}
		p, err := s.forServe()
		if err != nil {
			return err
		}
		cfg := s.config(p)
		cfg.Log = telemetry.NewLogger(os.Stderr, slog.LevelInfo)
		if cfg.Catalog, err = readCatalog(catalogFile); err != nil {
			return err
		}
		g, err := gatehouse.New(c.Context(), cfg)
		if err != nil {
			return err
		}
		defer g.Close()
		main, err := listen(c.Context(), or(addr, s.Addr))
		if err != nil {
			return err
		}
		var metrics net.Listener
		if a := or(metricsAddr, s.MetricsAddr); a != "off" {
			if metrics, err = listen(c.Context(), a); err != nil {
				return err
			}
		}
		cfg.Log.InfoContext(c.Context(), "listening", "address", main.Addr().String(), "base_url", s.BaseURL, "version", version)
		return run(c.Context(), g, main, metrics, cfg.Log)
	}
	return c
}

// config maps the environment to the library's configuration. There is no way from here to http providers.
func (s settings) config(p parsed) gatehouse.Config {
	return gatehouse.Config{
		DatabaseURL: s.DatabaseURL, DirectURL: s.DirectURL, MaxConns: s.DatabaseMaxConns, BaseURL: s.BaseURL, MasterKeys: s.MasterKeys,
		RootSecret: s.RootSecret, GoogleClientID: s.GoogleClientID, GoogleClientSecret: s.GoogleSecret, GoogleIssuer: s.GoogleIssuer,
		SMTPURL: s.SMTPURL, MailFrom: s.MailFrom, TrustedProxies: p.proxies, CORSOrigins: s.CORSOrigins, IdentityNetwork: p.idpNets,
		EgressProxy: p.egress,
	}
}

func readCatalog(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	return b, nil
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return l, nil
}

// run serves until ctx ends, then lets requests finish before what they need is stopped.
func run(ctx context.Context, g *gatehouse.Gatehouse, main, metrics net.Listener, log *slog.Logger) error {
	handler, err := g.Handler()
	if err != nil {
		return err
	}
	// Background work outlives the listeners: a request that is being drained still needs fresh snapshots.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return g.Run(background) })
	servers := []*http.Server{web.NewHTTPServer("", handler, log)}
	listeners := []net.Listener{main}
	if metrics != nil {
		servers, listeners = append(servers, web.NewHTTPServer("", g.Metrics(), log)), append(listeners, metrics)
	}
	for i, s := range servers {
		group.Go(func() error {
			if err := s.Serve(listeners[i]); !errors.Is(err, http.ErrServerClosed) {
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

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
