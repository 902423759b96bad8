package usage

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// Proof shows that an event is in the seal of a day (RFC 6962, 2.1.1).
type Proof struct {
	Event string   `json:"event"` // as it was sealed: the text that is hashed
	Day   string   `json:"day"`
	Index uint64   `json:"index"`
	Size  uint64   `json:"size"`
	Path  []string `json:"path"`
}

// Prove finds the event of a key and proves that it is sealed. An event that is in a segment is found only by a UUIDv7, which tells its
// day. It is errs.NotFound if there is none, and ErrNotSealed before the day on which it was recorded is over.
func Prove(ctx context.Context, tx *db.TenantTx, key string) (p Proof, err error) {
	if err := steady(ctx, tx.SQL()); err != nil {
		return p, err
	}
	r, err := findRecord(ctx, tx, parseKey(key))
	if err != nil {
		return p, err
	}
	of, err := closingWith(ctx, tx.SQL(), r.txid)
	if err != nil {
		return p, err
	}
	found, err := gather(ctx, tx, of)
	if err != nil {
		return p, err
	}
	leaves := make([]hash, len(found.leaves))
	at := -1
	for i, l := range found.leaves {
		if leaves[i] = l.hash; l.key == r.idem && l.day == r.day {
			at = i
		}
	}
	if at < 0 {
		return p, errors.New("the event is not among those of its day")
	}
	p = Proof{Event: string(r.appendLeaf(nil)), Day: of.day.String(), Index: uint64(at), Size: uint64(len(leaves)), Path: []string{}}
	for _, h := range pathTo(at, leaves) {
		p.Path = append(p.Path, hex.EncodeToString(h[:]))
	}
	return p, nil
}

// Check says whether the event is in the day that a statement has.
func (p Proof) Check(s Statement) error {
	path := make([]hash, len(p.Path))
	for i, text := range p.Path {
		b, err := hex.DecodeString(text)
		if err != nil || len(b) != len(path[i]) {
			return errors.New("the path is not one of hashes")
		}
		path[i] = hash(b)
	}
	for _, d := range s.Days {
		if d.Day != p.Day {
			continue
		}
		root, ok := rootAlong(path, leafHash([]byte(p.Event)), p.Index, p.Size)
		if ok && uint64(d.Events) == p.Size && hex.EncodeToString(root[:]) == d.Root {
			return nil
		}
		return fmt.Errorf("the event is not in the seal of %s", p.Day)
	}
	return fmt.Errorf("the statement has no %s", p.Day)
}

func findRecord(ctx context.Context, tx *db.TenantTx, k key) (record, error) {
	rows, err := tx.SQL().QueryContext(ctx, //nolint:rowserrcheck // the scanner asks
		"SELECT "+recordColumns+" FROM usage_events WHERE tenant_id = $1 AND idem = $2 ORDER BY day DESC LIMIT 1",
		tx.Tenant, k.idem.String())
	if err != nil {
		return record{}, fmt.Errorf("find an event: %w", err)
	}
	defer rows.Close()
	var r record
	from := scanner{rows: rows}
	if found, err := from.next(&r); err != nil || found {
		return r, err
	}
	if !k.opaque() {
		err := eachInSegments(ctx, tx.SQL(), tx.Tenant.UUID(), "day = $2", []any{dayOf(k.made).time()}, func(of *record) {
			if of.idem == k.idem {
				r = *of
			}
		})
		if err != nil || r.idem == k.idem {
			return r, err
		}
	}
	return record{}, errs.NotFound("usage event")
}

// closingWith is the day in whose seal a transaction's events are.
func closingWith(ctx context.Context, tx *sql.Tx, txid int64) (of closing, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT day, lo, hi FROM usage_closings WHERE lo <= $1 AND hi > $1", txid)
	if err != nil {
		return of, fmt.Errorf("find the day of an event: %w", err)
	}
	list, err := readClosings(rows)
	if err == nil && len(list) == 0 {
		err = ErrNotSealed
	}
	if err != nil {
		return of, err
	}
	return list[0], nil
}

// gather reads the events of a tenant's day in their order.
func gather(ctx context.Context, tx *db.TenantTx, of closing) (*gathered, error) {
	g := &gathered{sums: sealSums{}}
	rows, err := tx.SQL().QueryContext(ctx, resealSQL, of.lo, of.hi, tx.Tenant) //nolint:rowserrcheck // sealRows asks
	if err != nil {
		return nil, fmt.Errorf("read the events of a day: %w", err)
	}
	defer rows.Close()
	if _, err := sealRows(rows, of.day, map[uuid.UUID]*gathered{tx.Tenant.UUID(): g}); err != nil {
		return nil, err
	}
	if err := g.segments(ctx, tx.SQL(), of, tx.Tenant.UUID()); err != nil {
		return nil, err
	}
	g.sort()
	return g, nil
}
