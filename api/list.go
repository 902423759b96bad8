package api

import (
	"context"
	"encoding"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/page"
)

type listIn struct {
	Limit  int    `query:"limit" json:"-" doc:"At most 200"`
	Cursor string `query:"cursor" json:"-" doc:"next_cursor of the page before"`
}

// Refusals of what a client sends for a page.
var (
	errCursor = errs.New(errs.BadRequest, "invalid_cursor", "This cursor is not one of this list.")
	errLimit  = errs.New(errs.BadRequest, "invalid_limit", "The limit is a number from 1 to 200.")
)

// list makes a page of a query that takes the id of the last row before it. query names the list and its filter.
func list[Row, Out any, ID interface {
	comparable
	encoding.TextMarshaler
	String() string
}](a *API, in listIn, tx *db.TenantTx, query string, rows func(context.Context, *db.TenantTx, ID, int) ([]Row, error),
	wire func(Row) Out, key func(Out) ID,
) func(context.Context) (page.Page[Out], error) {
	return func(ctx context.Context) (page.Page[Out], error) {
		params := page.Params{Limit: in.Limit, Cursor: in.Cursor}
		if params.Validate() != nil {
			return page.Page[Out]{}, errLimit
		}
		scope := page.Scope{Tenant: tx.Tenant.String(), Query: query}
		position, err := a.Cursors.Decode(scope, in.Cursor)
		if err != nil {
			return page.Page[Out]{}, errCursor.Because(err)
		}
		var after ID
		if len(position) == 1 {
			u, ok := any(&after).(encoding.TextUnmarshaler)
			if !ok || u.UnmarshalText([]byte(position[0])) != nil {
				return page.Page[Out]{}, errCursor
			}
		}
		found, err := rows(ctx, tx, after, params.Size()+1)
		if err != nil {
			return page.Page[Out]{}, err
		}
		out := make([]Out, 0, len(found))
		for _, r := range found {
			out = append(out, wire(r))
		}
		return page.Cut(out, params.Size(), func(last Out) string { return a.Cursors.Encode(scope, []string{key(last).String()}) }), nil
	}
}
