package events

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Event is one entry of a tenant's log.
type Event struct {
	ID        id.Event        `gorm:"primaryKey"`
	Type      Type            `gorm:"column:type"`
	ActorKind authn.Kind      // who did it
	ActorID   string          // membership or key
	ActingFor string          // user, when somebody acts for another
	TargetID  string          // what it was done to
	Data      json.RawMessage `gorm:"type:jsonb"`
	RequestID string
	Address   string
	CreatedAt time.Time
}

// TableName implements GORM's Tabler.
func (Event) TableName() string { return "events" }

// Data is what an event says beyond its type and target. It holds no secret, no token and no mail body.
type Data map[string]any

// Record writes one event as the principal and origin of ctx.
func Record(ctx context.Context, tx *db.TenantTx, typ Type, target fmt.Stringer, data Data) error {
	p, o := authn.From(ctx), authn.OriginFrom(ctx)
	if data == nil {
		data = Data{}
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode event %s: %w", typ, err)
	}
	e := Event{
		ID: id.New[id.Event](), Type: typ, ActorKind: p.Kind, ActorID: p.Subject(), ActingFor: p.ActingFor.String(),
		Data:      json.RawMessage(strings.ReplaceAll(string(raw), `\u0000`, `\ufffd`)), // jsonb refuses NUL
		RequestID: o.RequestID, Address: o.Address, CreatedAt: tx.Now,
	}
	if target != nil {
		e.TargetID = target.String()
	}
	if err := db.Of[Event](tx.DB).Create(ctx, &e); err != nil {
		return fmt.Errorf("record event %s: %w", typ, err)
	}
	return nil
}

// Filter narrows a list; zero fields do not.
type Filter struct {
	Type   Type
	Actor  string
	Target string
}

// List returns at most limit events, newest first, older than before (zero: from the newest).
func List(ctx context.Context, tx *db.TenantTx, f Filter, before id.Event, limit int) ([]Event, error) {
	q := db.Of[Event](tx.DB).Order("id DESC").Limit(limit)
	if !before.IsZero() {
		q = q.Where("id < ?", before)
	}
	if f.Type != "" {
		q = q.Where("type = ?", string(f.Type))
	}
	if f.Actor != "" {
		q = q.Where("actor_id = ?", f.Actor)
	}
	if f.Target != "" {
		q = q.Where("target_id = ?", f.Target)
	}
	list, err := q.Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return list, nil
}
