package usage

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// storeSeals stores a day of all tenants, and that it is closed.
func storeSeals(ctx context.Context, tx pgx.Tx, of closing, all []*sealed) error {
	if err := chain(ctx, tx, all); err != nil {
		return err
	}
	for _, s := range all {
		if err := s.countSubjects(ctx, tx); err != nil {
			return fmt.Errorf("count subjects: %w", err)
		}
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"usage_seals"}, []string{"tenant_id", "day", "events", "root", "previous", "head"},
		pgx.CopyFromSlice(len(all), func(i int) ([]any, error) {
			s, root := all[i], all[i].tree.root()
			head, err := s.statementDay().hash(id.From[id.Tenant](s.tenant))
			return []any{nullable(s.tenant), s.day.time(), int64(s.tree.size), root[:], s.previous[:], head[:]}, err
		}))
	if err != nil {
		return fmt.Errorf("store seals: %w", err)
	}
	if err := storeLines(ctx, tx, all); err != nil {
		return fmt.Errorf("store the lines of seals: %w", err)
	}
	if _, err := tx.Exec(ctx, "INSERT INTO usage_closings (day, lo, hi) VALUES ($1, $2, $3)", of.day.time(), of.lo, of.hi); err != nil {
		return fmt.Errorf("close the day: %w", err)
	}
	return nil
}

const headsSQL = `SELECT t, s.head FROM unnest($1::uuid[]) AS t, LATERAL
	(SELECT head FROM usage_seals WHERE tenant_id = t ORDER BY day DESC LIMIT 1) AS s`

// chain gives each seal the head of its tenant's last one.
func chain(ctx context.Context, tx pgx.Tx, all []*sealed) error {
	tenants := make([]pgtype.UUID, len(all))
	of := make(map[uuid.UUID]*sealed, len(all))
	for i, s := range all {
		tenants[i], of[s.tenant] = nullable(s.tenant), s
	}
	var tenant pgtype.UUID
	var head []byte
	rows, err := tx.Query(ctx, headsSQL, tenants)
	if err == nil {
		_, err = pgx.ForEachRow(rows, []any{&tenant, &head}, func() error {
			copy(of[tenant.Bytes].previous[:], head)
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("read the heads of chains: %w", err)
	}
	return nil
}

const subjectsSQL = `INSERT INTO usage_seal_subjects (tenant_id, month, meter, subject) SELECT $1, $2, $3, * FROM unnest($4::text[]) AS s ORDER BY s
	ON CONFLICT DO NOTHING`

// countSubjects counts those that no earlier day counted for the same month. One that is in lines of several currencies counts in one.
func (s *sealed) countSubjects(ctx context.Context, tx pgx.Tx) error {
	for k, l := range s.sums {
		some := make([]string, 0, min(len(l.subjects), pruneSome))
		flush := func() error {
			done, err := tx.Exec(ctx, subjectsSQL, nullable(s.tenant), k.month, k.meter, some)
			l.fresh += done.RowsAffected()
			some = some[:0]
			return err
		}
		for subject := range l.subjects {
			if some = append(some, subject); len(some) == pruneSome {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		if len(some) > 0 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

var lineColumns = []string{
	"tenant_id", "day", "month", "meter", "currency", "events", "subjects", "largest", "quantity", "input_tokens", "output_tokens", "cached_tokens", "cost",
}

func storeLines(ctx context.Context, tx pgx.Tx, all []*sealed) error {
	var rows [][]any
	for _, s := range all {
		for k, l := range s.sums {
			row := []any{nullable(s.tenant), s.day.time(), k.month, k.meter, k.currency, l.events, l.fresh, l.largest}
			for i := range l.numbers {
				row = append(row, pgtype.Numeric{Int: &l.numbers[i], Valid: true})
			}
			rows = append(rows, row)
		}
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"usage_seal_lines"}, lineColumns, pgx.CopyFromRows(rows))
	return err
}
