package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/devpg"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const (
	defaultData = ".gatehouse"
	stateFile   = "gatehouse.env"
)

// target is the database that a command works on.
type target struct {
	settings
	parsed
	db *db.DB
}

// data adds the flag that finds a running gatehouse dev.
func data(c *cobra.Command) *cobra.Command {
	c.Flags().String("data", "", "folder of a running gatehouse dev (default "+defaultData+", unless GATEHOUSE_DATABASE_URL is set)")
	return c
}

// settingsFor takes the settings from --data, from the environment if it has the variable, or from the default folder of gatehouse dev,
// in this order and never mixed: a command that is told one database must not work on another.
func settingsFor(c *cobra.Command, variable string) (settings, error) {
	dir, err := c.Flags().GetString("data")
	if err != nil {
		return settings{}, fmt.Errorf("read --data: %w", err)
	}
	if dir == "" && os.Getenv(variable) != "" {
		return loadSettings(nil)
	}
	named := dir != ""
	if !named {
		dir = defaultData
	}
	overlay, err := runningDev(dir)
	switch {
	case errors.Is(err, devpg.ErrNotRunning) && named:
		return settings{}, fmt.Errorf("no gatehouse dev is running on %s", dir)
	case errors.Is(err, devpg.ErrNotRunning):
		return settings{}, fmt.Errorf("no database: set %s, or name the folder of a running gatehouse dev with --data", variable)
	case err != nil:
		return settings{}, err
	}
	return loadSettings(overlay)
}

// runningDev reads the state of the gatehouse dev that runs on a folder, or returns devpg.ErrNotRunning. The file alone is no proof: one
// that was killed leaves it.
func runningDev(dir string) (map[string]string, error) {
	state, err := readState(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, devpg.ErrNotRunning
	}
	if err != nil {
		return nil, err
	}
	_, err = devpg.Find(dir)
	return state, err
}

// open connects to the database as an operator.
func open(c *cobra.Command) (context.Context, *target, error) {
	s, err := settingsFor(c, "GATEHOUSE_DATABASE_URL")
	if err != nil {
		return nil, nil, err
	}
	p, err := s.forCommands()
	if err != nil {
		return nil, nil, err
	}
	ctx := authn.AsOperator(c.Context())
	d, err := db.Open(ctx, db.Config{URL: s.DatabaseURL, MaxConns: 2})
	if err != nil {
		return nil, nil, err
	}
	return ctx, &target{s, p, d}, nil
}

func (t *target) keys() tenants.Keys { return tenants.Keys{Pepper: t.root.Derive("api keys")} }

// tenant finds a tenant by its slug.
func (t *target) tenant(ctx context.Context, slug string) (out tenants.Tenant, err error) {
	err = t.db.System(ctx, func(sys *db.SystemTx) error {
		out, err = tenants.BySlug(ctx, sys, slug)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("tenant %q: %w", slug, err)
	}
	return out, nil
}

// within runs fn in the scope of the tenant with a slug.
func (t *target) within(ctx context.Context, slug string, fn func(*db.TenantTx) error) error {
	row, err := t.tenant(ctx, slug)
	if err != nil {
		return err
	}
	return t.db.Tenant(ctx, row.ID, fn)
}

// admit runs fn with both views of a transaction in the tenant with a slug.
func (t *target) admit(ctx context.Context, slug string, fn func(*db.SystemTx, *db.TenantTx) error) error {
	row, err := t.tenant(ctx, slug)
	if err != nil {
		return err
	}
	return t.db.Admit(ctx, row.ID, fn)
}

// link is the address of a sign-in link. The credential is in the fragment, which no server and no referrer ever sees.
func (t *target) link(credential string) string { return t.base.String() + "/login/link#" + credential }

func newTenantID() id.Tenant { return id.New[id.Tenant]() }

func readState(path string) (map[string]string, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the folder
	if err != nil {
		return nil, fmt.Errorf("read the state of gatehouse dev: %w", err)
	}
	defer f.Close()
	out := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if k, v, ok := strings.Cut(lines.Text(), "="); ok {
			out[k] = v
		}
	}
	return out, nil
}

func writeState(path string, values map[string]string) error {
	var b strings.Builder
	for k, v := range values {
		fmt.Fprintf(&b, "%s=%s\n", k, v)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("write the state of gatehouse dev: %w", err)
	}
	return nil
}
