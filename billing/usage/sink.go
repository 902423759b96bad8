package usage

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Sink is told of the events that a fold adds to the sums: those of usage_events with lo <= txid AND txid < hi. It works in the fold's own
// transaction, as gatehouse_usage; its error takes the fold back, and the same events come again.
type Sink func(ctx context.Context, tx pgx.Tx, lo, hi int64) error
