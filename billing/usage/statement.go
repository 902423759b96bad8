package usage

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Statement is what was recorded of a tenant in a month, and cannot change after it. An event that came late is in the statement of the
// month in which it came, in a line of the month in which it happened: an adjustment. No statement is written again.
type Statement struct {
	Issuer   string          `json:"iss"`
	IssuedAt int64           `json:"iat" doc:"Seconds since 1970"`
	TenantID id.Tenant       `json:"tenant_id"`
	Month    string          `json:"month" doc:"For example 2026-11, in UTC"`
	Lines    []StatementLine `json:"lines" doc:"By month, meter and currency"`
	Costs    []StatementCost `json:"costs" doc:"Of all lines, adjustments too"`
	Days     []StatementDay  `json:"days" doc:"The sealed days of the month that have events"`
	Head     string          `json:"head" doc:"Of the chain of seals at the end of the month; zeros before the first day with events"`
}

// StatementLine is what a meter comes to. A number that 64 bits cannot hold is the largest that they can.
type StatementLine struct {
	Month      string `json:"month" doc:"In which it happened"`
	Adjustment bool   `json:"adjustment,omitzero" doc:"It happened in another month than that of the statement, and came late"`
	Meter      string `json:"meter"`
	Currency   string `json:"currency,omitzero"`
	Quantity   int64  `json:"quantity" doc:"All quantities together"`
	Events     int64  `json:"events"`
	Largest    int64  `json:"largest" doc:"The largest quantity of one event"`
	Subjects   int64  `json:"subjects,omitzero" doc:"Of a meter of unique things: how many that no earlier statement has for this month"`

	InputTokens  int64 `json:"input_tokens,omitzero"`
	OutputTokens int64 `json:"output_tokens,omitzero"`
	CachedTokens int64 `json:"cached_tokens,omitzero"`

	Cost int64 `json:"cost,omitzero" doc:"In billionths of the currency's unit"`
}

// StatementCost is what a currency comes to.
type StatementCost struct {
	Currency string `json:"currency"`
	Cost     int64  `json:"cost" doc:"In billionths of the currency's unit"`
}

// StatementDay is a sealed day of a tenant. Hashes are in lower-case hexadecimal.
type StatementDay struct {
	Day      string `json:"day"`
	Events   int64  `json:"events"`
	Root     string `json:"root" doc:"Of the Merkle tree of its events"`
	Previous string `json:"previous" doc:"The head of the day before that has events"`
	Head     string `json:"head" doc:"Of the chain, up to this day"`
}

// String is the date.
func (d day) String() string { return d.time().Format(time.DateOnly) }

const statementMonth = "2006-01"

// ErrNotSealed says that a month has no statement yet, since it runs or its last day is not sealed, or that nothing was sealed in it.
var ErrNotSealed = errs.New(errs.Conflict, "usage_not_sealed", "The usage of this month is not sealed: it runs, has just ended, or is from before there were seals.")

// StatementOf is a month's statement of the transaction's tenant, or ErrNotSealed. It says nothing of the issuer.
func StatementOf(ctx context.Context, tx *db.TenantTx, month string) (s Statement, err error) {
	begin, err := time.Parse(statementMonth, month)
	if err != nil {
		return s, errs.InvalidField("month", "Name a month such as 2026-11.")
	}
	end := begin.AddDate(0, 1, 0)
	s = Statement{TenantID: tx.Tenant, IssuedAt: tx.Now.Unix(), Month: month, Lines: []StatementLine{}, Costs: []StatementCost{}, Days: []StatementDay{}}
	q := tx.DB.WithContext(ctx)
	var closed bool
	if err := q.Raw("SELECT EXISTS (SELECT FROM usage_closings WHERE day = ?)", end.AddDate(0, 0, -1)).Scan(&closed).Error; err != nil {
		return s, fmt.Errorf("look for a closed month: %w", err)
	}
	if !closed {
		return s, ErrNotSealed
	}
	if err := s.readLines(ctx, tx, begin, end); err != nil {
		return s, fmt.Errorf("read the lines of a statement: %w", err)
	}
	return s, s.readDays(ctx, tx, begin, end)
}

var statementLinesSQL = `SELECT to_char(month, 'YYYY-MM') AS month, meter, currency, ` + clamped("sum(events)") + ` AS events, max(largest) AS largest, ` +
	clamped("sum(subjects)") + ` AS subjects, ` + clamped("sum(quantity)") + ` AS quantity, ` + clamped("sum(input_tokens)") + ` AS input_tokens, ` +
	clamped("sum(output_tokens)") + ` AS output_tokens, ` + clamped("sum(cached_tokens)") + ` AS cached_tokens, ` + clamped("sum(cost)") + ` AS cost
	FROM usage_seal_lines WHERE tenant_id = ? AND day >= ? AND day < ? GROUP BY month, meter, currency ORDER BY month DESC, meter, currency`

func (s *Statement) readLines(ctx context.Context, tx *db.TenantTx, begin, end time.Time) error {
	if err := tx.DB.WithContext(ctx).Raw(statementLinesSQL, tx.Tenant, begin, end).Scan(&s.Lines).Error; err != nil {
		return err
	}
	for i := range s.Lines {
		s.Lines[i].Adjustment = s.Lines[i].Month != s.Month
	}
	return tx.DB.WithContext(ctx).Raw(`SELECT currency, `+clamped("sum(cost)")+` AS cost FROM usage_seal_lines
		WHERE tenant_id = ? AND day >= ? AND day < ? AND cost <> 0 GROUP BY currency ORDER BY currency`, tx.Tenant, begin, end).Scan(&s.Costs).Error
}

func (s *Statement) readDays(ctx context.Context, tx *db.TenantTx, begin, end time.Time) error {
	var rows []struct {
		Day                  time.Time
		Events               int64
		Root, Previous, Head []byte
	}
	err := tx.DB.WithContext(ctx).Raw(`SELECT day, events, root, previous, head FROM usage_seals
		WHERE tenant_id = ? AND day >= ? AND day < ? ORDER BY day`, tx.Tenant, begin, end).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("read the seals of a statement: %w", err)
	}
	for _, r := range rows {
		s.Days = append(s.Days, StatementDay{
			r.Day.Format(time.DateOnly), r.Events, hex.EncodeToString(r.Root), hex.EncodeToString(r.Previous), hex.EncodeToString(r.Head),
		})
	}
	if n := len(s.Days); n > 0 {
		s.Head = s.Days[n-1].Head
		return nil
	}
	var head []byte
	err = tx.DB.WithContext(ctx).Raw("SELECT head FROM usage_seals WHERE tenant_id = ? AND day < ? ORDER BY day DESC LIMIT 1", tx.Tenant, begin).Scan(&head).Error
	if err != nil {
		return fmt.Errorf("read the head of a statement: %w", err)
	}
	if s.Head = hex.EncodeToString(head); len(head) == 0 {
		s.Head = noHead
	}
	return nil
}

// noHead is what the first day goes on from.
var noHead = strings.Repeat("0", 2*len(hash{}))
