package api

import (
	"cmp"
	"mime"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/web"
)

const (
	// maxEvents is how many events one request may bring.
	maxEvents = 1_000
	// maxUsage is how many bytes they may have.
	maxUsage = 2 << 20
)

// usageEventIn is one event. Who caused it is who sends it: it has no member for a user, a key, a role or a plan.
type usageEventIn struct {
	ID       string    `json:"id" doc:"Counts once, however often it is sent. A UUIDv7 is cheapest"`
	Meter    string    `json:"meter" doc:"A meter of the catalog"`
	Quantity *int64    `json:"quantity,omitzero" doc:"1 if it is left out"`
	At       time.Time `json:"at,omitzero" doc:"When it happened (RFC 3339); now if it is left out"`
	Subject  string    `json:"subject,omitzero" doc:"What a meter of unique things counts"`
	Feature  string    `json:"feature,omitzero"`
	Route    string    `json:"route,omitzero" doc:"Of the product, for example POST /chat"`
	Model    string    `json:"model,omitzero"`

	InputTokens  int64 `json:"input_tokens,omitzero"`
	OutputTokens int64 `json:"output_tokens,omitzero"`
	CachedTokens int64 `json:"cached_tokens,omitzero"`

	Cost     int64  `json:"cost,omitzero" doc:"In billionths of the currency's unit; the price of the meter if it is left out"`
	Currency string `json:"currency,omitzero" doc:"For example USD; another than the meter's is refused"`

	key string // what makes it count once; "" means the id
}

// event is what the principal used.
func (in usageEventIn) event(p *authn.Principal) usage.Event {
	quantity := int64(1)
	if in.Quantity != nil {
		quantity = *in.Quantity
	}
	e := usage.Event{
		Key: cmp.Or(in.key, in.ID), At: in.At, Meter: in.Meter, Quantity: quantity, Subject: in.Subject, Feature: in.Feature, Route: in.Route, Model: in.Model,
		InputTokens: in.InputTokens, OutputTokens: in.OutputTokens, CachedTokens: in.CachedTokens, Cost: in.Cost, Currency: in.Currency,
	}
	return e.By(p)
}

type usageOut struct {
	Accepted   int          `json:"accepted"`
	Duplicates int          `json:"duplicates"`
	Refused    int          `json:"refused"`
	Events     []outcomeOut `json:"events" doc:"In the order of the request"`
}

type outcomeOut struct {
	ID     string       `json:"id,omitzero"`
	Status usage.Status `json:"status" enum:"accepted,duplicate,refused" doc:"A duplicate was counted before: it is a success"`
	Code   string       `json:"code,omitzero" doc:"Why it was refused: event_too_old, event_in_future, unknown_meter, out_of_range, invalid_text, invalid_key, no_currency, currency_mismatch or invalid_event"`
	Detail string       `json:"detail,omitzero"`
}

// wireEvent reads one event of a request. An error is of this event alone.
type wireEvent func(raw jsontext.Value) (usageEventIn, error)

// recordUsage answers once the events are committed. It is raw because one that cannot be read must not take the others with it, and for
// the media types of CloudEvents.
func (a *API) recordUsage(c echo.Context) error {
	ctx := c.Request().Context()
	read, single, err := usageFormat(c.Request().Header.Values("Content-Type"))
	if err != nil {
		return err
	}
	body, err := web.Body(c)
	if err != nil {
		return err
	}
	raws, alone, err := splitUsage(body, single)
	if err != nil {
		return err
	}
	p := authn.From(ctx)
	out := usageOut{Events: make([]outcomeOut, len(raws))}
	var events []usage.Event
	var at []int // where an event stands in the request
	for i, raw := range raws {
		in, err := read(raw)
		out.Events[i].ID = in.ID
		if alone && err != nil {
			return err
		}
		if err != nil {
			out.note(i, usage.Outcome{Status: usage.Refused, Refusal: unreadable(err)})
			continue
		}
		events, at = append(events, in.event(p)), append(at, i)
	}
	outcomes, err := a.Meters.Usage.Record(ctx, events...)
	if err != nil {
		return err
	}
	for i, o := range outcomes {
		out.note(at[i], o)
	}
	return c.JSON(http.StatusOK, out)
}

// unreadable is the refusal of one event among others.
func unreadable(err error) *usage.Refusal {
	why := &usage.Refusal{Code: "invalid_event", Detail: "It cannot be read."}
	if fields := errs.As(err).Fields; len(fields) > 0 {
		why.Detail = fields[0].Name + ": " + fields[0].Detail
	}
	return why
}

func (out *usageOut) note(i int, o usage.Outcome) {
	e := &out.Events[i]
	e.Status = o.Status
	switch o.Status {
	case usage.Accepted:
		out.Accepted++
	case usage.Duplicate:
		out.Duplicates++
	case usage.Refused:
		out.Refused++
		e.Code, e.Detail = o.Refusal.Code, o.Refusal.Detail
		if o.Refusal.Field != "" {
			e.Detail = o.Refusal.Field + ": " + e.Detail
		}
	}
}

// usageFormat says how the events of a media type are read, and whether there is just one.
func usageFormat(types []string) (read wireEvent, single bool, err error) {
	kind := ""
	if len(types) == 1 {
		kind, _, _ = mime.ParseMediaType(types[0])
	}
	switch kind {
	case "application/json":
		return plainEvent, false, nil
	case "application/cloudevents+json":
		return cloudEvent, true, nil
	case "application/cloudevents-batch+json":
		return cloudEvent, false, nil
	}
	return nil, false, errs.New(errs.UnsupportedMedia, "content_type",
		"This route reads application/json, application/cloudevents+json and application/cloudevents-batch+json.")
}

var errUsageJSON = errs.New(errs.BadRequest, "malformed_json", "The body is neither one event nor an array of them, in JSON.")

// splitUsage parts the events of a body without looking into them: what is strictly no JSON, such as a name that is there twice or half a
// surrogate pair, is refused with its event. One object is one event, alone.
func splitUsage(body []byte, single bool) (raws []jsontext.Value, alone bool, err error) {
	whole, lenient := jsontext.Value(body), json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	switch {
	case !whole.IsValid(lenient) || whole.Kind() != jsontext.KindBeginObject && (single || whole.Kind() != jsontext.KindBeginArray):
		return nil, false, errUsageJSON
	case whole.Kind() == jsontext.KindBeginObject:
		return []jsontext.Value{whole}, true, nil
	}
	if err := json.Unmarshal(body, &raws, lenient); err != nil {
		return nil, false, errUsageJSON.Because(err)
	}
	if len(raws) == 0 {
		return nil, false, errs.InvalidField("body", "Send at least one event.")
	}
	if len(raws) > maxEvents {
		return nil, false, usage.ErrTooMany
	}
	return raws, false, nil
}
