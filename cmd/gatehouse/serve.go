package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/telemetry"
)

func serveCommand() *cobra.Command {
	var addr, metricsAddr, catalogFile string
	c := &cobra.Command{
		Use: "serve", Short: "Serve in production, configured by the environment; says everything that is missing at once", Args: nothing,
		Long: "Takes its whole configuration from the environment, which docs/configuration.md explains, and has no default for what is secret.\n" +
			"It migrates nothing and never talks http to identity providers.",
	}
	c.Flags().StringVar(&addr, "addr", "", "address to listen on (default GATEHOUSE_ADDR, or :8080)")
	c.Flags().StringVar(&metricsAddr, "metrics-addr", "", "address for Prometheus (default GATEHOUSE_METRICS_ADDR, or 127.0.0.1:9090; \"off\" for none)")
	c.Flags().StringVar(&catalogFile, "catalog", "", "put this catalog in force, and again at each SIGHUP")
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := loadSettings(nil)
		if err != nil {
			return err
		}
		p, err := s.forServe(catalogFile)
		if err != nil {
			return err
		}
		cfg := s.config(p)
		lines := telemetry.NewWriter(os.Stderr)
		defer func() { _ = lines.Flush() }()
		cfg.Log = telemetry.NewLogger(lines, slog.LevelInfo)
		hup, stop := hangups() // before anything takes time: the signal must not end a server that starts
		defer stop()
		g, err := gatehouse.New(c.Context(), cfg)
		if err != nil {
			return err
		}
		defer g.Close()
		handler, err := g.Handler()
		if err != nil {
			return err
		}
		front, err := listenFor(c.Context(), or(addr, s.Addr), or(metricsAddr, s.MetricsAddr))
		if err != nil {
			return err
		}
		defer front.close()
		settle()
		cfg.Log.InfoContext(c.Context(), "listening", "address", front.main.Addr().String(), "base_url", s.BaseURL, "version", version)
		return front.serve(c.Context(), g, handler, cfg.Log, func(ctx context.Context) { reload(ctx, g, catalogFile, hup, cfg.Log) })
	}
	return c
}

// config maps the environment to the library's configuration. There is no way from here to http providers.
func (s settings) config(p parsed) gatehouse.Config {
	return gatehouse.Config{
		DatabaseURL: s.DatabaseURL, DirectURL: s.DirectURL, MaxConns: p.conns, BaseURL: s.BaseURL, MasterKeys: s.MasterKeys,
		RootSecret: s.RootSecret, GoogleClientID: s.GoogleClientID, GoogleClientSecret: s.GoogleSecret, GoogleIssuer: s.GoogleIssuer,
		SMTPURL: s.SMTPURL, MailFrom: s.MailFrom, TrustedProxies: p.proxies, CORSOrigins: s.CORSOrigins, InternalHosts: s.InternalHosts, IdentityNetwork: p.idpNets,
		IdentityPorts: p.idpPorts, DecisionSample: p.sample,
		EgressProxy: p.egress, DNSResolver: s.DNSResolver, RedisURL: s.RedisURL, Catalog: p.catalog,
	}
}

// readCatalog reads a catalog file and finds its mistakes, each with its line.
func readCatalog(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	_, err = catalog.Parse(file, b)
	return b, err
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
