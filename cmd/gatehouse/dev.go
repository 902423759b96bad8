package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/internal/devpg"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/telemetry"
	"github.com/seed-2a059015/gatehouse/migrations"
	"github.com/seed-2a059015/gatehouse/testidp"
)

const devDatabase = "gatehouse"

type devFlags struct {
	addr, idpAddr, metricsAddr, data, catalog string
	demo, verbose                             bool
}

func devCommand() *cobra.Command {
	var f devFlags
	c := &cobra.Command{
		Use: "dev", Short: "Start everything that a newcomer needs: Postgres, test identity providers, demo tenants", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return dev(c, f) },
	}
	c.Flags().StringVar(&f.addr, "addr", "127.0.0.1:8080", "address to listen on")
	c.Flags().StringVar(&f.idpAddr, "idp-addr", "127.0.0.1:8081", "address of the test identity providers")
	c.Flags().StringVar(&f.metricsAddr, "metrics-addr", "off", "address for Prometheus")
	c.Flags().StringVar(&f.data, "data", defaultData, "folder of the private Postgres cluster and its secrets")
	c.Flags().StringVar(&f.catalog, "catalog", "", "put this catalog in force")
	c.Flags().BoolVar(&f.demo, "demo", true, "seed demo tenants and start their identity providers")
	c.Flags().BoolVar(&f.verbose, "verbose", false, "log each request")
	return c
}

func dev(c *cobra.Command, f devFlags) (err error) {
	ctx := c.Context()
	level := slog.LevelWarn
	if f.verbose {
		level = slog.LevelInfo
	}
	log := telemetry.NewLogger(os.Stderr, level)
	dir, err := filepath.Abs(f.data)
	if err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	// The listeners come first: that an address is taken should be said before anything is started.
	main, err := listen(ctx, f.addr)
	if err != nil {
		return err
	}
	defer main.Close()
	var metrics net.Listener
	if f.metricsAddr != "off" {
		if metrics, err = listen(ctx, f.metricsAddr); err != nil {
			return err
		}
		defer metrics.Close()
	}
	pg, err := devpg.Start(ctx, devpg.Config{Dir: dir, Log: log})
	if err != nil {
		return err
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		err = errors.Join(err, pg.Stop(stop))
	}()
	s, err := prepareDev(ctx, pg, dir, "http://"+reachable(main.Addr()))
	if err != nil {
		return err
	}
	defer os.Remove(filepath.Join(dir, stateFile)) //nolint:errcheck // a stale file only makes a command say that it cannot connect
	p, err := s.forCommands()
	if err != nil {
		return err
	}
	cfg := s.config(p)
	cfg.Log, cfg.Outbox, cfg.InsecureLoopbackProviders = log, &mail.Outbox{}, true
	if cfg.Catalog, err = readCatalog(f.catalog); err != nil {
		return err
	}
	var idps *testidp.Server
	if f.demo {
		var stop func()
		if idps, stop, err = startProviders(f.idpAddr); err != nil {
			return err
		}
		defer stop()
		cfg.GoogleClientID, cfg.GoogleClientSecret, cfg.GoogleIssuer = demoClient, demoSecret, idps.Provider("google").URL()
	}
	g, err := gatehouse.New(ctx, cfg)
	if err != nil {
		return err
	}
	defer g.Close()
	return serveDev(c, g, pg, main, metrics, s, idps, log)
}

// serveDev runs the server and, beside it, seeds and says when it is ready. The end of Postgres ends everything.
func serveDev(
	c *cobra.Command, g *gatehouse.Gatehouse, pg *devpg.Cluster, main, metrics net.Listener, s settings, idps *testidp.Server, log *slog.Logger,
) error {
	group, ctx := errgroup.WithContext(c.Context())
	group.Go(func() error { return run(ctx, g, main, metrics, log) })
	group.Go(func() error {
		select {
		case <-ctx.Done():
			return nil
		case err := <-pg.Wait():
			return fmt.Errorf("postgres has ended by itself; start again: %w", err)
		}
	})
	group.Go(func() error {
		if idps != nil {
			if err := seed(ctx, g, idps); err != nil {
				return fmt.Errorf("seed the demo tenants: %w", err)
			}
		}
		if err := g.WaitReady(ctx); err != nil {
			if ctx.Err() != nil {
				return nil // stopped before it was ready
			}
			return err
		}
		return announce(c, s, idps != nil)
	})
	return group.Wait()
}

// prepareDev brings the database to the schema of this binary and makes what is secret once per folder.
func prepareDev(ctx context.Context, pg *devpg.Cluster, dir, base string) (settings, error) {
	if err := pg.EnsureDatabase(ctx, devDatabase); err != nil {
		return settings{}, err
	}
	owner := pg.URL("gatehouse_owner", devDatabase)
	if err := migrations.CreateRoles(ctx, pg.URL(devpg.Superuser, devDatabase), pg.Password); err != nil {
		return settings{}, err
	}
	if err := migrations.Up(ctx, owner); err != nil {
		return settings{}, err
	}
	values, err := devSecrets(filepath.Join(dir, "secrets.env"))
	if err != nil {
		return settings{}, err
	}
	values["GATEHOUSE_DATABASE_URL"] = pg.URL("gatehouse_app", devDatabase)
	values["GATEHOUSE_DATABASE_OWNER_URL"] = owner
	values["GATEHOUSE_BASE_URL"] = base
	if err := writeState(filepath.Join(dir, stateFile), values); err != nil {
		return settings{}, err
	}
	return loadSettings(values)
}

// devSecrets reads the folder's secrets, or makes them at the first start.
func devSecrets(path string) (map[string]string, error) {
	values, err := readState(path)
	if err == nil && values["GATEHOUSE_MASTER_KEYS"] != "" && values["GATEHOUSE_ROOT_SECRET"] != "" {
		return values, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	fresh := func() string { return base64.StdEncoding.EncodeToString(secret.Random(secret.KeySize)) }
	values = map[string]string{"GATEHOUSE_MASTER_KEYS": "dev:" + fresh(), "GATEHOUSE_ROOT_SECRET": fresh()}
	return values, writeState(path, values)
}

// reachable is the address that a browser on this machine uses.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
