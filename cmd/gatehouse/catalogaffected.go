package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/internal/db"
)

// affected is a version of a plan whose tenants gain or lose something.
type affected struct {
	Version   string       `json:"version"`
	Tenants   int64        `json:"tenants"`
	Slugs     []string     `json:"slugs"`      // of the first of them
	AtOnce    []changeLine `json:"at_once"`    // while they keep the version
	WhenMoved []changeLine `json:"when_moved"` // to the newest version of the new catalog
}

func (a affected) rows() (rows [][]string) {
	for _, part := range []struct {
		when    string
		changes []changeLine
	}{{"at once", a.AtOnce}, {"when moved", a.WhenMoved}} {
		for _, change := range part.changes {
			cells := change.columns()
			rows = append(rows, []string{a.Version, part.when, cells[0], cells[2], cells[3]})
		}
	}
	return rows
}

func (a affected) named() string {
	text := strings.Join(a.Slugs, " ")
	if more := a.Tenants - int64(len(a.Slugs)); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// holders are the tenants that have one version of a plan.
type holders struct {
	Plan        billing.Plan
	PlanVersion int64
	Tenants     int64
	Slugs       string
}

const holdersSQL = `SELECT plan, plan_version, count(*) AS tenants,
	array_to_string((array_agg(slug ORDER BY slug))[1:20], ' ') AS slugs
	FROM tenants WHERE status IN ('active', 'suspended') GROUP BY plan, plan_version`

// versionsAffected says what the tenants of the database gain and lose.
func versionsAffected(c *cobra.Command, before, after *catalog.Catalog) ([]affected, error) {
	ctx, t, err := open(c)
	if err != nil {
		return nil, err
	}
	defer t.db.Close()
	versions, held, err := t.holders(ctx)
	if err != nil {
		return nil, err
	}
	if before, err = before.WithVersions(versions); err != nil {
		return nil, err
	}
	if after, err = after.WithVersions(versions); err != nil {
		return nil, err
	}
	out := []affected{}
	for _, v := range before.Versions() {
		h, taken := held[v.Pin]
		if !taken {
			continue
		}
		line := affected{
			Version: v.String(), Tenants: h.Tenants, Slugs: strings.Fields(h.Slugs), AtOnce: []changeLine{}, WhenMoved: []changeLine{},
		}
		for _, change := range catalog.DiffOn(before, after, v.Pin, v.Pin) {
			line.AtOnce = append(line.AtOnce, changeOf(change))
		}
		for _, change := range catalog.DiffOn(before, after, v.Pin, billing.Pin{Plan: v.Plan}) {
			line.WhenMoved = append(line.WhenMoved, changeOf(change))
		}
		if len(line.AtOnce)+len(line.WhenMoved) > 0 {
			out = append(out, line)
		}
	}
	return out, nil
}

func (t *target) holders(ctx context.Context) (versions []billing.PlanVersion, held map[billing.Pin]holders, err error) {
	var rows []holders
	err = t.db.System(ctx, func(sys *db.SystemTx) error {
		if versions, err = access.PlanVersions(sys); err != nil {
			return err
		}
		if err := sys.DB.Raw(holdersSQL).Scan(&rows).Error; err != nil {
			return fmt.Errorf("count the tenants of each plan: %w", err)
		}
		return nil
	})
	held = map[billing.Pin]holders{}
	for _, h := range rows {
		held[billing.Pin{Plan: h.Plan, Version: h.PlanVersion}] = h
	}
	return versions, held, err
}
