package sso

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Pulse is how a connection has been doing. Tests do not count.
type Pulse struct {
	ConnectionID id.Connection
	LastSuccess  *time.Time // within thirty days
	Succeeded    int64      // since the time that was asked for
	Refused      int64
}

// Pulses tells of each connection that anybody tried to come in through, with counts since a time.
func Pulses(ctx context.Context, tx *db.TenantTx, since time.Time) (map[id.Connection]Pulse, error) {
	var rows []Pulse
	err := tx.DB.WithContext(ctx).Raw(`SELECT connection_id, max(created_at) FILTER (WHERE outcome = 'succeeded') AS last_success,
		count(*) FILTER (WHERE outcome = 'succeeded' AND created_at >= @since) AS succeeded,
		count(*) FILTER (WHERE outcome = 'refused' AND created_at >= @since) AS refused
		FROM attempts WHERE tenant_id = @tenant AND purpose <> 'test' GROUP BY connection_id`,
		map[string]any{"tenant": tx.Tenant, "since": since}).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count attempts by connection: %w", err)
	}
	pulses := make(map[id.Connection]Pulse, len(rows))
	for _, p := range rows {
		pulses[p.ConnectionID] = p
	}
	return pulses, nil
}

// Hour is how many sign-ins over a connection went well, and how many did not, in one hour.
type Hour struct {
	At                 time.Time
	Succeeded, Refused int64
}

// Hours counts the sign-ins of the last n hours, the oldest first, quiet ones included. The last one has only begun.
func Hours(ctx context.Context, tx *db.TenantTx, c id.Connection, n int) ([]Hour, error) {
	first := tx.Now.UTC().Truncate(time.Hour).Add(-time.Duration(n-1) * time.Hour)
	var rows []Hour
	err := tx.DB.WithContext(ctx).Raw(`SELECT date_trunc('hour', created_at, 'UTC') AS at, count(*) FILTER (WHERE outcome = 'succeeded') AS succeeded,
		count(*) FILTER (WHERE outcome = 'refused') AS refused
		FROM attempts WHERE tenant_id = ? AND connection_id = ? AND purpose <> 'test' AND created_at >= ? GROUP BY 1`,
		tx.Tenant, c, first).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count attempts by hour: %w", err)
	}
	hours := make([]Hour, n)
	for i := range hours {
		hours[i].At = first.Add(time.Duration(i) * time.Hour)
	}
	for _, r := range rows {
		if i := int(r.At.Sub(first) / time.Hour); i >= 0 && i < n {
			hours[i].Succeeded, hours[i].Refused = r.Succeeded, r.Refused
		}
	}
	return hours, nil
}
