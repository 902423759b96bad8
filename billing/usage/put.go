package usage

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// put writes rows in the order of their keys, and marks those that were there. Without keys that must be bound to their day one statement
// does it, and is its own transaction.
func (w *writer) put(ctx context.Context, c *pgx.Conn, rows []*row) error {
	var opaque []*row
	for _, r := range rows {
		r.status = Accepted
		if r.key.opaque() {
			opaque = append(opaque, r)
		}
	}
	if len(opaque) == 0 {
		return w.insert(ctx, c, rows)
	}
	return pgx.BeginFunc(ctx, c, func(pgx.Tx) error {
		if err := claim(ctx, c, opaque); err != nil {
			return err
		}
		fresh := make([]*row, 0, len(rows))
		for _, r := range rows {
			if r.status == Accepted {
				fresh = append(fresh, r)
			}
		}
		if len(fresh) == 0 {
			return nil
		}
		return w.insert(ctx, c, fresh)
	})
}

func (w *writer) insert(ctx context.Context, c *pgx.Conn, rows []*row) error {
	if w.duplicates > tolerable {
		return merge(ctx, c, rows)
	}
	return w.copy(ctx, c, rows)
}

const copySQL = "COPY usage_events (" + columns + ") FROM STDIN (FORMAT binary)"

var copyHeader = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")

// copy is the fast way: one stream, made by hand. It fails as a whole at the first key that is there.
func (w *writer) copy(ctx context.Context, c *pgx.Conn, rows []*row) error {
	w.buffer = append(w.buffer[:0], copyHeader...)
	for _, r := range rows {
		w.buffer = r.append(w.buffer)
	}
	w.buffer = binary.BigEndian.AppendUint16(w.buffer, 0xffff)
	if _, err := c.PgConn().CopyFrom(ctx, bytes.NewReader(w.buffer), copySQL); err != nil {
		return fmt.Errorf("copy %d events: %w", len(rows), err)
	}
	return nil
}

const mergeSQL = `INSERT INTO usage_events (` + columns + `)
SELECT * FROM unnest($1::timestamptz[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::uuid[], $8::uuid[], $9::uuid[],
	$10::uuid[], $11::uuid[], $12::date[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[])
ON CONFLICT (idem, tenant_id, day) DO NOTHING RETURNING idem, tenant_id`

// merge is the way around keys that are there. Its rows arrive in order, and so do those that it returns.
func merge(ctx context.Context, c *pgx.Conn, rows []*row) error {
	var (
		at, days                                             = make([]time.Time, len(rows)), make([]time.Time, len(rows))
		quantity, in, out, cached, cost                      = ints(rows), ints(rows), ints(rows), ints(rows), ints(rows)
		idem, tenant, user, apiKey, lease                    = uuids(rows), uuids(rows), uuids(rows), uuids(rows), uuids(rows)
		meter, subject, feature, role, plan, route, model, m = texts(rows), texts(rows), texts(rows), texts(rows), texts(rows), texts(rows), texts(rows), texts(rows)
	)
	for i, r := range rows {
		at[i], days[i] = r.At, r.day.time()
		quantity[i], in[i], out[i], cached[i], cost[i] = r.Quantity, r.InputTokens, r.OutputTokens, r.CachedTokens, r.Cost
		idem[i], tenant[i], user[i] = nullable(r.key.idem), nullable(r.tenant), nullable(r.User.UUID())
		apiKey[i], lease[i] = nullable(r.APIKey.UUID()), nullable(r.Lease)
		meter[i], subject[i], feature[i], role[i] = r.Meter, r.Subject, r.Feature, r.Role
		plan[i], route[i], model[i], m[i] = r.Plan, r.Route, r.Model, r.Currency
	}
	return mark(ctx, c, rows, mergeSQL, at, quantity, in, out, cached, cost, idem, tenant, user, apiKey, lease, days,
		meter, subject, feature, role, plan, route, model, m)
}

const claimSQL = `INSERT INTO usage_keys (idem, tenant_id, day) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::date[])
ON CONFLICT (tenant_id, idem) DO NOTHING RETURNING idem, tenant_id`

// claim binds opaque keys to their day. A key that is bound belongs to an event that was written with it.
func claim(ctx context.Context, c *pgx.Conn, rows []*row) error {
	idem, tenant, days := uuids(rows), uuids(rows), make([]time.Time, len(rows))
	for i, r := range rows {
		idem[i], tenant[i], days[i] = nullable(r.key.idem), nullable(r.tenant), r.day.time()
	}
	return mark(ctx, c, rows, claimSQL, idem, tenant, days)
}

// mark calls every row a duplicate whose key the statement does not return.
func mark(ctx context.Context, c *pgx.Conn, rows []*row, sql string, args ...any) error {
	inserted := make(map[[2]uuid.UUID]struct{}, len(rows))
	var idem, tenant pgtype.UUID
	got, err := c.Query(ctx, sql, args...)
	if err == nil {
		_, err = pgx.ForEachRow(got, []any{&idem, &tenant}, func() error {
			inserted[[2]uuid.UUID{idem.Bytes, tenant.Bytes}] = struct{}{}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("merge %d events: %w", len(rows), err)
	}
	for _, r := range rows {
		if _, ok := inserted[[2]uuid.UUID{r.key.idem, r.tenant}]; !ok {
			r.status = Duplicate
		}
	}
	return nil
}

func ints(rows []*row) []int64         { return make([]int64, len(rows)) }
func texts(rows []*row) []string       { return make([]string, len(rows)) }
func uuids(rows []*row) []pgtype.UUID  { return make([]pgtype.UUID, len(rows)) }
func nullable(u uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: u, Valid: u != uuid.Nil} }
