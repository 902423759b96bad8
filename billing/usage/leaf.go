package usage

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// leafTime is RFC 3339 in UTC with the six digits that are stored.
const leafTime = "2006-01-02T15:04:05.000000Z"

// appendLeaf adds the event as it is sealed: a JSON object in the canonical form of RFC 8785, without members that are empty or zero. It
// must never change, or no seal could be checked again.
func (r *record) appendLeaf(b []byte) []byte {
	o := object{append(b, '{')}
	o.text("api_key", r.apiKey().String())
	o.text("at", time.UnixMicro(r.at).UTC().Format(leafTime))
	o.number("cached_tokens", r.numbers[cachedAt])
	o.number("cost", r.numbers[costAt])
	o.text("currency", r.texts[currencyAt])
	o.text("feature", r.texts[featureAt])
	o.number("input_tokens", r.numbers[inputAt])
	o.text("key", r.idem.String())
	o.text("meter", r.texts[meterAt])
	o.text("model", r.texts[modelAt])
	o.number("output_tokens", r.numbers[outputAt])
	o.text("plan", r.texts[planAt])
	o.number("quantity", r.numbers[quantityAt])
	o.text("received_at", time.UnixMicro(r.received).UTC().Format(leafTime))
	o.text("role", r.texts[roleAt])
	o.text("route", r.texts[routeAt])
	o.text("subject", r.texts[subjectAt])
	o.text("tenant_id", id.From[id.Tenant](r.tenant).String())
	o.text("user", r.user().String())
	return append(o.b, '}')
}

// object writes members whose names come in order.
type object struct{ b []byte }

func (o *object) name(name string) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(append(append(o.b, '"'), name...), '"', ':')
}

func (o *object) text(name, value string) {
	if value == "" {
		return
	}
	o.name(name)
	b, err := jsontext.AppendQuote(o.b, value)
	if err != nil { // the text is no UTF-8, which Postgres does not store
		b, _ = jsontext.AppendQuote(o.b, strconv.QuoteToASCII(value))
	}
	o.b = b
}

func (o *object) number(name string, n int64) {
	if n == 0 {
		return
	}
	o.name(name)
	o.b = strconv.AppendInt(o.b, n, 10)
}
