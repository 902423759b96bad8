package usage

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/internal/db"
)

// Tail reads events as they are committed, each once. The zero Tail begins at its first call of [Tail.Next], which returns none.
type Tail struct {
	seen horizon // has all events that were returned, and no other
	next horizon // to which pages lead; zero between them
	txid int64   // of the last event of a page
	idem uuid.UUID
}

// horizon is a snapshot. It has all events below low, and none from high on.
type horizon struct {
	Snapshot  string
	Low, High int64
}

// tailPage is how many events one call returns at most.
const tailPage = 1_000

// An event of a transaction that began early may be committed late, so what is new is told by snapshots and not by an order.
const (
	horizonNowSQL = `SELECT CAST(s AS text) AS snapshot, base + txid_snapshot_xmin(s) AS low, base + txid_snapshot_xmax(s) AS high
		FROM usage_watermark, txid_current_snapshot() AS s`
	newSQL = `SELECT txid, idem, at, meter, quantity, subject, user_id AS "user", key_id AS api_key, role, plan, feature, route, model, input_tokens,
			output_tokens, cached_tokens, cost, currency
		FROM usage_events, (SELECT base FROM usage_watermark) AS w
		WHERE tenant_id = ? AND txid >= ? AND txid < ? AND (txid, idem) > (?, ?)
			AND NOT txid_visible_in_snapshot(txid - base, CAST(? AS txid_snapshot)) AND txid_visible_in_snapshot(txid - base, CAST(? AS txid_snapshot))
		ORDER BY txid, idem LIMIT ?`
)

type tailRow struct {
	Txid int64
	Idem uuid.UUID
	Event
}

// Next returns events that were committed since the last call, about in the order in which that was, without their keys. It returns at
// most a thousand, and whether there are more already.
func (t *Tail) Next(ctx context.Context, tx *db.TenantTx) (events []Event, more bool, err error) {
	q := tx.DB.WithContext(ctx)
	if t.next == (horizon{}) {
		if err := q.Raw(horizonNowSQL).Scan(&t.next).Error; err != nil {
			return nil, false, fmt.Errorf("look for new usage: %w", err)
		}
		t.txid, t.idem = 0, uuid.Nil
	}
	if t.seen == (horizon{}) {
		t.seen, t.next = t.next, horizon{}
		return nil, false, nil
	}
	var rows []tailRow
	err = q.Raw(newSQL, tx.Tenant, t.seen.Low, t.next.High, t.txid, t.idem, t.seen.Snapshot, t.next.Snapshot, tailPage).Scan(&rows).Error
	if err != nil {
		return nil, false, fmt.Errorf("read new usage: %w", err)
	}
	for _, r := range rows {
		r.Tenant = tx.Tenant
		events = append(events, r.Event)
	}
	if len(rows) == tailPage {
		last := rows[len(rows)-1]
		t.txid, t.idem = last.Txid, last.Idem
		return events, true, nil
	}
	t.seen, t.next = t.next, horizon{}
	return events, false, nil
}
