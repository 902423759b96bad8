package usage

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// recordColumns are all of an event as it is stored, in the order in which a record is scanned.
const recordColumns = `tenant_id, idem, day, txid, at, received_at, quantity, input_tokens, output_tokens, cached_tokens, cost,
	user_id, key_id, lease, meter, subject, feature, role, plan, route, model, currency`

// Places in the arrays of a record.
const (
	quantityAt = iota
	inputAt
	outputAt
	cachedAt
	costAt
	numberCount
)

const (
	userAt = iota
	apiKeyAt
	leaseAt
	whoCount
)

const (
	meterAt = iota
	subjectAt
	featureAt
	roleAt
	planAt
	routeAt
	modelAt
	currencyAt
	textCount
)

// record is an event as it is stored. Its numbers, ids and texts are arrays, since all that is done with them is done with each.
type record struct {
	tenant, idem uuid.UUID
	day          day
	txid         int64
	at, received int64 // microseconds since 1970
	numbers      [numberCount]int64
	who          [whoCount]uuid.UUID
	texts        [textCount]string
}

// cursor is the rows of a query, of pgx or of database/sql.
type cursor interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
}

// scanner reads records. Its fields are what a row is scanned into.
type scanner struct {
	rows              cursor
	tenant, idem      pgtype.UUID
	day, at, received time.Time
	who               [whoCount]pgtype.UUID
}

// next reads a record, and says whether there was one.
func (s *scanner) next(r *record) (bool, error) {
	if !s.rows.Next() {
		return false, s.rows.Err()
	}
	dest := []any{&s.tenant, &s.idem, &s.day, &r.txid, &s.at, &s.received}
	for i := range r.numbers {
		dest = append(dest, &r.numbers[i])
	}
	for i := range s.who {
		dest = append(dest, &s.who[i])
	}
	for i := range r.texts {
		dest = append(dest, &r.texts[i])
	}
	if err := s.rows.Scan(dest...); err != nil {
		return false, fmt.Errorf("read an event: %w", err)
	}
	r.tenant, r.idem = s.tenant.Bytes, s.idem.Bytes
	r.day, r.at, r.received = dayOf(s.day), s.at.UnixMicro(), s.received.UnixMicro()
	for i, u := range s.who {
		if r.who[i] = u.Bytes; !u.Valid {
			r.who[i] = uuid.Nil
		}
	}
	return true, nil
}

// month is that in which the event happened: a late one belongs to its own.
func (r *record) month() time.Time { return monthOf(time.UnixMicro(r.at)) }

func monthOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func (r *record) user() id.User  { return id.From[id.User](r.who[userAt]) }
func (r *record) apiKey() id.Key { return id.From[id.Key](r.who[apiKeyAt]) }
