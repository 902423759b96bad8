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
	Version   string        `json:"version"`
	Tenants   int64         `json:"tenants"`
	Slugs     []string      `json:"slugs"`      // of the first of them
	AtOnce    []changeLine  `json:"at_once"`    // while they keep the version
	WhenMoved []changeLine  `json:"when_moved"` // to the newest version of the new catalog
	Limits    limitsChanged `json:"limits"`
}

type limitsChanged struct {
	AtOnce    []limitShift `json:"at_once"` // of a version that has none of its own
	WhenMoved []limitShift `json:"when_moved"`
}

func (a affected) empty() bool {
	return len(a.AtOnce)+len(a.WhenMoved)+len(a.Limits.AtOnce)+len(a.Limits.WhenMoved) == 0
}

const atOnce, whenMoved = "at once", "when moved"

func (a affected) rows() (rows [][]string) {
	add := func(when string, changes []changeLine) {
		for _, change := range changes {
			cells := change.columns()
			rows = append(rows, []string{a.Version, when, cells[0], cells[2], cells[3]})
		}
	}
	add(atOnce, a.AtOnce)
	add(whenMoved, a.WhenMoved)
	return rows
}

func (a affected) limitRows() (rows [][]string) {
	add := func(when string, shifts []limitShift) {
		for _, l := range shifts {
			rows = append(rows, []string{a.Version, when, l.signed(), l.From, l.To})
		}
	}
	add(atOnce, a.Limits.AtOnce)
	add(whenMoved, a.Limits.WhenMoved)
	return rows
}

func printAffected(c *cobra.Command, versions []affected) error {
	if len(versions) == 0 {
		return say(c, "\nno tenant gains or loses anything")
	}
	var roles, limits, named [][]string
	for _, v := range versions {
		roles, limits = append(roles, v.rows()...), append(limits, v.limitRows()...)
		named = append(named, []string{v.Version, fmt.Sprint(v.Tenants), v.named()})
	}
	if err := section(c, true, []string{"VERSION", "WHEN", "ROLE", "PERMISSIONS", "FEATURES"}, roles); err != nil {
		return err
	}
	if err := section(c, true, []string{"VERSION", "WHEN", "LIMIT", "FROM", "TO"}, limits); err != nil {
		return err
	}
	return section(c, true, []string{"VERSION", "TENANTS", "SLUGS"}, named)
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
		line.Limits = limitsChanged{
			limitShifts(catalog.DiffLimits(before, after, v.Pin, v.Pin)), limitShifts(catalog.DiffLimits(before, after, v.Pin, billing.Pin{Plan: v.Plan})),
		}
		if !line.empty() {
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
