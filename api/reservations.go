package api

import (
	"context"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/metered"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

type settleIn struct {
	Reservation string `path:"reservation" json:"-" doc:"As the check gave it"`
	Quantity    *int64 `json:"quantity,omitzero" minimum:"0" doc:"What was used; all that was reserved if it is left out. More counts all the same, of callers with usage:write"`
	Cost        int64  `json:"cost,omitzero" minimum:"0" doc:"In billionths of the currency's unit; the price of the meter if it is left out. For callers with usage:write, as is the currency"`
	Currency    string `json:"currency,omitzero" doc:"For example USD; another than the meter's is refused"`
	Feature     string `json:"feature,omitzero"`
	Route       string `json:"route,omitzero" doc:"Of the product, for example POST /chat"`
	Model       string `json:"model,omitzero"`

	InputTokens  int64 `json:"input_tokens,omitzero" minimum:"0"`
	OutputTokens int64 `json:"output_tokens,omitzero" minimum:"0"`
	CachedTokens int64 `json:"cached_tokens,omitzero" minimum:"0"`
}

type settleOut struct {
	Status usage.Status `json:"status" enum:"accepted,duplicate" doc:"A duplicate was settled before: it is a success, and nothing has changed"`
	Late   bool         `json:"late,omitzero" doc:"It held nothing any more, since it had expired or was released. It counts all the same, even above a limit"`
	Above  bool         `json:"above,omitzero" doc:"More was used than was reserved. It counts all the same, since the caller has usage:write"`
}

// settle answers once the event is committed. Who used it is who reserved it.
func (a *API) settle(ctx context.Context, in settleIn) (settleOut, error) {
	r, err := a.reserved(ctx, in.Reservation)
	if err != nil {
		return settleOut{}, err
	}
	e := usage.Event{
		Quantity: r.Quantity, Cost: in.Cost, Currency: in.Currency, Feature: in.Feature, Route: in.Route, Model: in.Model,
		InputTokens: in.InputTokens, OutputTokens: in.OutputTokens, CachedTokens: in.CachedTokens,
	}
	if in.Quantity != nil {
		e.Quantity = *in.Quantity
	}
	trusted, err := a.recordsUsage(ctx, authn.From(ctx), web.Standing(ctx), in.Cost, in.Currency)
	if err != nil {
		return settleOut{}, err
	}
	if !trusted && a.Meters.Above(r, e) {
		return settleOut{}, errAboveReservation
	}
	s, err := a.Meters.Settle(ctx, r, e)
	switch {
	case err != nil:
		return settleOut{}, err
	case s.Status == usage.Refused && s.Refusal.Code == usage.TooOld:
		return settleOut{}, errReservationOld
	case s.Status == usage.Refused:
		return settleOut{}, refusedEvent(s.Refusal)
	}
	return settleOut{s.Status, s.Late, s.Above}, nil
}

var errReservationOld = errs.New(errs.Gone, "reservation_too_old", "This was reserved longer ago than events are kept, and cannot be counted any more.")

type releaseIn struct {
	Reservation string `path:"reservation" json:"-" doc:"As the check gave it"`
}

type releaseOut struct {
	Repeated bool `json:"repeated,omitzero" doc:"It was settled or released before; nothing has changed"`
	Late     bool `json:"late,omitzero" doc:"It had expired; nothing has changed"`
}

// release gives back what was not used at all.
func (a *API) release(ctx context.Context, in releaseIn) (releaseOut, error) {
	r, err := a.reserved(ctx, in.Reservation)
	if err != nil {
		return releaseOut{}, err
	}
	s, err := a.Meters.Release(ctx, r)
	return releaseOut{s.Repeated, s.Late && !s.Repeated}, err
}

// reserved is the reservation of a text, for whoever made it and for machines of the tenant that may record its usage. For anybody else there
// is none.
func (a *API) reserved(ctx context.Context, text string) (*metered.Reservation, error) {
	p := authn.From(ctx)
	r, err := a.Tickets.Read(p.Tenant, text)
	if err != nil {
		return nil, err
	}
	if p.Kind == r.By.Kind && p.Subject() == r.By.Subject() {
		return r, nil
	}
	if p.Kind == authn.APIKey && a.Access.Ask(p, web.Standing(ctx), access.Question{Permission: rbac.UsageWrite, Route: web.RouteOf(ctx)}).Allowed {
		return r, nil
	}
	return nil, metered.ErrReservation
}
