package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const callers = 200

// people are the callers: sessions and API keys of one tenant.
type people struct{ bearers, refreshes, keys []string }

// populate makes them with the server's own secrets and functions.
func (w *world) populate(ctx context.Context) (people, error) {
	var p people
	ctx = authn.AsOperator(ctx)
	d, err := db.Open(ctx, db.Config{URL: w.database, MaxConns: 2})
	if err != nil {
		return p, err
	}
	defer d.Close()
	ring, err := secret.ParseKeyring(w.master)
	if err != nil {
		return p, err
	}
	raw, err := secret.ParseKey(w.root)
	if err != nil {
		return p, err
	}
	root := secret.Root(raw)
	keys, err := sessions.NewKeys(sessions.KeysConfig{DB: d, Keyring: ring})
	if err != nil {
		return p, err
	}
	if err := keys.Ensure(ctx); err != nil {
		return p, err
	}
	s, err := sessions.New(sessions.Config{Keys: keys, Root: root, Issuer: w.url})
	if err != nil {
		return p, err
	}
	apiKeys := tenants.Keys{Pepper: root.Derive("api keys")}
	err = d.Admit(ctx, id.New[id.Tenant](), func(sys *db.SystemTx, tx *db.TenantTx) error {
		t, owner, err := tenants.Create(ctx, sys, tx, tenants.New{Slug: "bench", Name: "Bench", Plan: billing.Enterprise, Owner: "owner@bench.example"})
		if err != nil {
			return err
		}
		_, policy, err := tenants.Current(ctx, tx)
		if err != nil {
			return err
		}
		for range callers {
			issued, err := s.Start(ctx, tx, sessions.Start{Tenant: t, Policy: policy, Membership: owner, Method: "link", AuthTime: tx.Now})
			if err != nil {
				return err
			}
			_, cred, err := apiKeys.Create(ctx, tx, tenants.NewKey{Name: "bench", Role: rbac.Member})
			if err != nil {
				return err
			}
			p.bearers = append(p.bearers, "Bearer "+issued.Access)
			p.refreshes = append(p.refreshes, issued.Refresh)
			p.keys = append(p.keys, cred.String())
		}
		return nil
	})
	return p, err
}

const checkBody = `{"permission":"chat:use","feature":"ai.agents"}`

func (w *world) traffic(ctx context.Context, l load) ([]Row, error) {
	p, err := w.populate(ctx)
	if err != nil {
		return nil, fmt.Errorf("make callers: %w", err)
	}
	refresh, err := w.refresh(ctx, p.refreshes[:50])
	if err != nil {
		return nil, err
	}
	callback, err := w.callback(ctx)
	if err != nil {
		return nil, err
	}
	acs, err := w.acs(ctx, l.rounds)
	if err != nil {
		return nil, err
	}
	const bareMe, bareCheck = "bare Echo GET", "bare Echo POST, JSON in and out"
	medians, err := l.interleave(ctx, []target{
		{bareMe, get(w.bare+"/me", "", nil)},
		{"GET /v1/me, session", get(w.url+"/v1/me", "Authorization", p.bearers)},
		{"GET /v1/me, API key", get(w.url+"/v1/me", "X-API-Key", p.keys)},
		{bareCheck, post(w.bare+"/check", checkBody, "", nil)},
		{"POST /v1/check, session", post(w.url+"/v1/check", checkBody, "Authorization", p.bearers)},
		{"POST /v1/check, API key", post(w.url+"/v1/check", checkBody, "X-API-Key", p.keys)},
	})
	if err != nil {
		return nil, err
	}
	sql, err := w.warmStatements(ctx, p)
	if err != nil {
		return nil, err
	}
	row := func(name, bare, route string, most int64) Row {
		r := Row{Name: name, Value: medians[name], Unit: "req/s", Met: true}
		if bare == "" {
			return r
		}
		r.Ratio = medians[name] / medians[bare]
		n := sql[route]
		r.SQL, r.Target, r.Met = &n, fmt.Sprintf("≤ %d statements", most), n <= most
		return r
	}
	const me, check = "GET /v1/me", "POST /v1/check"
	return append([]Row{
		row(bareMe, "", "", 0), row("GET /v1/me, session", bareMe, me, 1), row("GET /v1/me, API key", bareMe, me, 1),
		row(bareCheck, "", "", 0), row("POST /v1/check, session", bareCheck, check, 0), row("POST /v1/check, API key", bareCheck, check, 0),
		refresh, callback,
	}, acs...), nil
}

// warmStatements asks once more with every caller, now that all are warm, and reads the server's own count.
func (w *world) warmStatements(ctx context.Context, p people) (map[string]int64, error) {
	w.log.forget()
	client := &http.Client{Timeout: 10 * time.Second}
	for n := range int64(callers) {
		for _, t := range []target{
			{"me", get(w.url+"/v1/me", "Authorization", p.bearers)},
			{"me", get(w.url+"/v1/me", "X-API-Key", p.keys)},
			{"check", post(w.url+"/v1/check", checkBody, "Authorization", p.bearers)},
			{"check", post(w.url+"/v1/check", checkBody, "X-API-Key", p.keys)},
		} {
			if err := ask(ctx, client, t, n); err != nil {
				return nil, err
			}
		}
	}
	out := map[string]int64{}
	for _, route := range []string{"GET /v1/me", "POST /v1/check"} {
		n, err := w.counted(route)
		if err != nil {
			return nil, err
		}
		out[route] = n
	}
	return out, nil
}

// counted waits for the log to have arrived and reads the most statements of a route.
func (w *world) counted(route string) (int64, error) {
	for range 100 {
		if n := w.log.statements(route); n != nil {
			return *n, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return 0, fmt.Errorf("the server logged no request to %s", route)
}

// refresh exchanges refresh tokens one after another.
func (w *world) refresh(ctx context.Context, tokens []string) (Row, error) {
	w.log.forget()
	client := &http.Client{Timeout: 10 * time.Second}
	var took []float64
	for _, token := range tokens {
		body, err := json.Marshal(map[string]string{"refresh_token": token})
		if err != nil {
			return Row{}, fmt.Errorf("encode: %w", err)
		}
		begin := time.Now()
		if err := ask(ctx, client, target{"refresh", post(w.url+"/v1/session/refresh", string(body), "User-Agent", []string{""})}, 0); err != nil {
			return Row{}, fmt.Errorf("refresh: %w", err)
		}
		took = append(took, float64(time.Since(begin).Microseconds())/1000)
	}
	slices.Sort(took)
	n, err := w.counted("POST /v1/session/refresh")
	return Row{Name: "refresh, fsync on", Value: took[len(took)/2], Unit: "ms", SQL: &n, Target: "≤ 3 statements", Met: n <= 3}, err
}
