package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/page"
)

type eventOut struct {
	ID        id.Event        `json:"id"`
	Type      events.Type     `json:"type" doc:"For example member.joined"`
	ActorKind authn.Kind      `json:"actor_kind" enum:"member,api_key,operator,system,anonymous"`
	ActorID   string          `json:"actor_id,omitzero" doc:"The membership or API key that acted"`
	ActingFor string          `json:"acting_for,omitzero" doc:"The person in whose place somebody acted"`
	TargetID  string          `json:"target_id,omitzero" doc:"What it was done to"`
	Data      json.RawMessage `json:"data" doc:"What else there is to know; its members depend on the type"`
	RequestID string          `json:"request_id,omitzero"`
	Address   string          `json:"address,omitzero"`
	CreatedAt time.Time       `json:"created_at"`
}

func eventOf(e events.Event) eventOut {
	return eventOut{e.ID, e.Type, e.ActorKind, e.ActorID, e.ActingFor, e.TargetID, e.Data, e.RequestID, e.Address, e.CreatedAt}
}

type eventsIn struct {
	Limit  int    `query:"limit" json:"-" doc:"At most 200"`
	Cursor string `query:"cursor" json:"-" doc:"next_cursor of the page before"`
	Type   string `query:"type" json:"-" doc:"Only events of this type"`
	Actor  string `query:"actor" json:"-" doc:"Only what this member or API key did"`
	Target string `query:"target" json:"-" doc:"Only what was done to this"`
}

func (a *API) events(ctx context.Context, tx *db.TenantTx, in eventsIn) (page.Page[eventOut], error) {
	filter := events.Filter{Type: events.Type(in.Type), Actor: in.Actor, Target: in.Target}
	rows := func(ctx context.Context, tx *db.TenantTx, before id.Event, limit int) ([]events.Event, error) {
		return events.List(ctx, tx, filter, before, limit)
	}
	query := "events\x00" + in.Type + "\x00" + in.Actor + "\x00" + in.Target
	return list(a, listIn{in.Limit, in.Cursor}, tx, query, rows, eventOf, func(e eventOut) id.Event { return e.ID })(ctx)
}
