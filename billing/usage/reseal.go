package usage

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// leaf is one of a tree, and its place.
type leaf struct {
	key  uuid.UUID
	day  day
	hash hash
}

func compareLeaves(a, b leaf) int {
	if c := bytes.Compare(a.key[:], b.key[:]); c != 0 {
		return c
	}
	return int(a.day - b.day)
}

// gathered are the events of a tenant's day that do not come in order, since some are in segments.
type gathered struct {
	leaves []leaf
	sums   sealSums
	entry  []byte
}

func (g *gathered) add(r *record) {
	g.entry = r.appendLeaf(g.entry[:0])
	g.leaves = append(g.leaves, leaf{r.idem, r.day, leafHash(g.entry)})
	g.sums.add(r)
}

func (g *gathered) sort() { slices.SortFunc(g.leaves, compareLeaves) }

func (g *gathered) sealed(tenant uuid.UUID, of day) *sealed {
	s := &sealed{tenant: tenant, day: of, sums: g.sums}
	g.sort()
	for _, l := range g.leaves {
		s.tree.add(l.hash)
	}
	return s
}

// resealed are the seals of a day as its events give them now, of all tenants or of one.
func resealed(ctx context.Context, tx *sql.Tx, of closing, tenant id.Tenant) (map[uuid.UUID]*sealed, error) {
	parted, err := withSegments(ctx, tx, of, tenant)
	if err != nil {
		return nil, err
	}
	all, err := resealKept(ctx, tx, of, tenant, parted)
	if err != nil {
		return nil, err
	}
	for t, g := range parted {
		if err := g.segments(ctx, tx, of, t); err != nil {
			return nil, err
		}
		if len(g.leaves) > 0 {
			all[t] = g.sealed(t, of.day)
		}
		delete(parted, t) // the leaves of one tenant may be many
	}
	return all, nil
}

// withSegments are the tenants of which some events of a day may be in segments.
func withSegments(ctx context.Context, tx *sql.Tx, of closing, tenant id.Tenant) (map[uuid.UUID]*gathered, error) {
	rows, err := tx.QueryContext(ctx, `SELECT DISTINCT tenant_id FROM usage_segments WHERE part >= 0 AND last >= $1 AND first < $2
		AND ($3::uuid IS NULL OR tenant_id = $3)`, of.lo, of.hi, tenant)
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	defer rows.Close()
	parted := map[uuid.UUID]*gathered{}
	for rows.Next() {
		var t pgtype.UUID
		if err := rows.Scan(&t); err != nil {
			return nil, fmt.Errorf("list segments: %w", err)
		}
		parted[t.Bytes] = &gathered{sums: sealSums{}}
	}
	return parted, rows.Err()
}

const resealSQL = "SELECT " + recordColumns + ` FROM usage_events WHERE txid >= $1 AND txid < $2 AND ($3::uuid IS NULL OR tenant_id = $3)
	ORDER BY tenant_id, idem, day`

// resealKept reads the events that are kept. Those of tenants that have segments too are gathered.
func resealKept(ctx context.Context, tx *sql.Tx, of closing, tenant id.Tenant, parted map[uuid.UUID]*gathered) (map[uuid.UUID]*sealed, error) {
	rows, err := tx.QueryContext(ctx, resealSQL, of.lo, of.hi, tenant) //nolint:rowserrcheck // sealRows asks
	if err != nil {
		return nil, fmt.Errorf("read the events of a day: %w", err)
	}
	defer rows.Close()
	list, err := sealRows(rows, of.day, parted)
	if err != nil {
		return nil, err
	}
	all := make(map[uuid.UUID]*sealed, len(list))
	for _, s := range list {
		all[s.tenant] = s
	}
	return all, nil
}

// segments adds the events of a day that are in a tenant's segments.
func (g *gathered) segments(ctx context.Context, tx *sql.Tx, of closing, tenant uuid.UUID) error {
	return eachInSegments(ctx, tx, tenant, "last >= $2 AND first < $3", []any{of.lo, of.hi}, func(r *record) {
		if r.txid >= of.lo && r.txid < of.hi {
			g.add(r)
		}
	})
}

// eachInSegments reads the segments of a tenant that meet a condition. What cannot be read is left out: its events are missing, which shows.
func eachInSegments(ctx context.Context, tx *sql.Tx, tenant uuid.UUID, condition string, args []any, fn func(*record)) error {
	rows, err := tx.QueryContext(ctx, "SELECT day, data FROM usage_segments WHERE tenant_id = $1 AND part >= 0 AND "+condition, append([]any{tenant.String()}, args...)...) //nolint:gosec // a condition of the code
	if err != nil {
		return fmt.Errorf("read segments: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var d time.Time
		var data []byte
		if err := rows.Scan(&d, &data); err != nil {
			return fmt.Errorf("read segments: %w", err)
		}
		records, err := decodeSegment(data, tenant, dayOf(d))
		if err != nil {
			continue
		}
		for i := range records {
			fn(&records[i])
		}
	}
	return rows.Err()
}
