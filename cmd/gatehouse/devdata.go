package main

import (
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/seed-2a059015/gatehouse/internal/devpg"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/migrations"
)

const devDatabase = "gatehouse"

// prepareDev brings the database to the schema of this binary and makes what is secret once per folder.
func prepareDev(ctx context.Context, pg *devpg.Cluster, base string) (settings, error) {
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
	values, err := devSecrets(filepath.Join(pg.Dir, "secrets.env"))
	if err != nil {
		return settings{}, err
	}
	values["GATEHOUSE_DATABASE_URL"] = pg.URL("gatehouse_app", devDatabase)
	values["GATEHOUSE_DATABASE_OWNER_URL"] = owner
	values["GATEHOUSE_BASE_URL"] = base
	if err := writeState(filepath.Join(pg.Dir, stateFile), values); err != nil {
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
