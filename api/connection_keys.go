package api

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
)

// keyed is a connection with the keys that it has, at a time.
type keyed struct {
	sso.Connection
	keys []sso.ConnectionKey
	now  time.Time
}

func keyedConnections(ctx context.Context, tx *db.TenantTx, after id.Connection, limit int) ([]keyed, error) {
	list, err := sso.Connections(ctx, tx, after, limit)
	if err != nil {
		return nil, err
	}
	keys, err := sso.KeysOfAll(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	out := make([]keyed, 0, len(list))
	for _, c := range list {
		out = append(out, keyed{c, keys[c.ID], tx.Now})
	}
	return out, nil
}

// shown is the connection that a change left, unless it failed.
func (a *API) shown(ctx context.Context, tx *db.TenantTx, c sso.Connection, err error) (connectionOut, error) {
	if err != nil {
		return connectionOut{}, err
	}
	keys, err := sso.KeysOfAll(ctx, tx, []sso.Connection{c})
	if err != nil {
		return connectionOut{}, err
	}
	return a.connectionOf(keyed{c, keys[c.ID], tx.Now}), nil
}

type addConnectionKeyIn struct {
	Connection id.Connection `path:"connection" json:"-"`
}

func (a *API) makeConnectionKey(ctx context.Context, in addConnectionKeyIn) (sso.NewKey, error) {
	return a.SignIn.MakeKey(ctx, in.Connection)
}

func (a *API) addConnectionKey(ctx context.Context, tx *db.TenantTx, _ addConnectionKeyIn, k sso.NewKey) (connectionOut, error) {
	c, err := a.SignIn.AddKey(ctx, tx, k)
	return a.shown(ctx, tx, c, err)
}

type connectionKeyIn struct {
	Connection id.Connection    `path:"connection" json:"-"`
	Key        id.ConnectionKey `path:"connection_key" json:"-"`
}

func (a *API) activateConnectionKey(ctx context.Context, tx *db.TenantTx, in connectionKeyIn) (connectionOut, error) {
	c, err := a.SignIn.ActivateKey(ctx, tx, in.Connection, in.Key)
	return a.shown(ctx, tx, c, err)
}

func (a *API) dropConnectionKey(ctx context.Context, tx *db.TenantTx, in connectionKeyIn) (connectionOut, error) {
	c, err := a.SignIn.DropKey(ctx, tx, in.Connection, in.Key)
	return a.shown(ctx, tx, c, err)
}
