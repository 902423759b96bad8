package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

const (
	minHTTP     = 20  // times an endpoint that one would write, of one event a request
	httpFlight  = 64  // connections, of 100 events a request
	naiveFlight = 256 // connections to the naive endpoint, which waits most of the time
	reporters   = 20  // tenants that send events
)

// usageHTTP is the server and, in a process of its own, the endpoint that one would write without it: Echo, and for each event a GORM
// transaction that sets the tenant, inserts, and adds to a sum.
type usageHTTP struct {
	keys  []string // of tenants that may record
	ours  chan *conn
	naive chan *conn
	other *exec.Cmd
	hosts [2]string
}

func (w *world) newUsageHTTP(ctx context.Context) (h *usageHTTP, err error) {
	h = &usageHTTP{ours: make(chan *conn, httpFlight), naive: make(chan *conn, naiveFlight), hosts: [2]string{hostOf(w.url)}}
	if h.keys, err = w.reporters(ctx); err != nil {
		return nil, fmt.Errorf("make those who send events: %w", err)
	}
	if h.hosts[1], err = freeAddr(ctx); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	h.other = exec.CommandContext(ctx, self, "naive", h.hosts[1], w.database) //nolint:gosec // this program
	if err := h.other.Start(); err != nil {
		return nil, fmt.Errorf("start the naive endpoint: %w", err)
	}
	if err := waitFor(ctx, "http://"+h.hosts[1]+"/ready"); err != nil {
		h.close()
		return nil, err
	}
	for _, list := range []chan *conn{h.ours, h.naive} {
		for range cap(list) {
			list <- nil // connects when it is used: what is idle for long is closed
		}
	}
	return h, nil
}

// close expects that nothing is under way.
func (h *usageHTTP) close() {
	for _, list := range []chan *conn{h.ours, h.naive} {
		for range len(list) {
			if c := <-list; c != nil {
				c.close()
			}
		}
	}
	_ = h.other.Process.Kill()
	_ = h.other.Wait()
}

// reporters makes tenants and returns an API key of each that may record.
func (w *world) reporters(ctx context.Context) ([]string, error) {
	d, err := db.Open(ctx, db.Config{URL: w.database, MaxConns: 4})
	if err != nil {
		return nil, err
	}
	defer d.Close()
	raw, err := secret.ParseKey(w.root)
	if err != nil {
		return nil, err
	}
	keys := tenants.Keys{Pepper: secret.Root(raw).Derive("api keys")}
	lines := make([]string, reporters)
	group, ctx := errgroup.WithContext(authn.AsOperator(ctx))
	group.SetLimit(4)
	for n := range lines {
		group.Go(func() error {
			return d.Admit(ctx, id.New[id.Tenant](), func(sys *db.SystemTx, tx *db.TenantTx) error {
				in := tenants.New{Slug: fmt.Sprintf("reporter-%d", n), Name: "Acme", Plan: billing.Enterprise, Owner: "owner@bench.example"}
				if _, _, err := tenants.Create(ctx, sys, tx, in); err != nil {
					return err
				}
				_, key, err := keys.Create(ctx, tx, tenants.NewKey{Name: "bench", Role: rbac.Admin})
				lines[n] = "X-API-Key: " + key.String()
				return err
			})
		})
	}
	return lines, group.Wait()
}

// record sends events to the server, which attributes them to who sends them.
func (h *usageHTTP) record(ctx context.Context, events []usage.Event) error {
	body := make([]byte, 0, 256*len(events))
	body = append(body, '[')
	for i, e := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, `{"id":"`...)
		body = append(body, e.Key...)
		body = append(body, `","meter":"ai.messages","quantity":`...)
		body = strconv.AppendInt(body, e.Quantity, 10)
		body = append(body, `,"feature":"`...)
		body = append(body, e.Feature...)
		body = append(body, `","route":"POST /chat","model":"large","input_tokens":12,"output_tokens":5}`...)
	}
	body = append(body, ']')
	key := h.keys[int(events[0].Key[35])%len(h.keys)]
	return h.ask(ctx, h.ours, h.hosts[0], "/v1/usage", key, body, fmt.Sprintf(`"accepted":%d,`, len(events)))
}

// single sends one event to the naive endpoint, which believes what it says.
func (h *usageHTTP) single(ctx context.Context, events []usage.Event) error {
	e := events[0]
	body, err := json.Marshal(naiveEvent{e.Key, e.Tenant, e.Meter, e.Quantity, e.User, e.Feature, e.Role, e.Plan, e.Route, e.Model, e.InputTokens, e.OutputTokens})
	if err != nil {
		return fmt.Errorf("encode an event: %w", err)
	}
	return h.ask(ctx, h.naive, h.hosts[1], "/usage", "X-API-Key: none", body, `"accepted":1`)
}

func (h *usageHTTP) ask(ctx context.Context, conns chan *conn, host, path, key string, body []byte, want string) (err error) {
	c := <-conns
	defer func() { conns <- c }()
	if c == nil {
		if c, err = dial(context.WithoutCancel(ctx), host); err != nil {
			return err
		}
	}
	status, answer, err := c.ask(post("http://"+host+path, string(body), []string{key})[0])
	if err != nil {
		return err
	}
	if status != http.StatusOK || !bytes.Contains(answer, []byte(want)) {
		return fmt.Errorf("POST %s = %d %.500s, want %s", path, status, answer, want)
	}
	return nil
}

// naiveEvent is the body of the naive endpoint.
type naiveEvent struct {
	ID       string    `json:"id"`
	Tenant   id.Tenant `json:"tenant"`
	Meter    string    `json:"meter"`
	Quantity int64     `json:"quantity"`
	User     id.User   `json:"user"`
	Feature  string    `json:"feature"`
	Role     string    `json:"role"`
	Plan     string    `json:"plan"`
	Route    string    `json:"route"`
	Model    string    `json:"model"`
	Input    int64     `json:"input_tokens"`
	Output   int64     `json:"output_tokens"`
}

// serveNaive is the endpoint that one would write.
func serveNaive(ctx context.Context, addr, url string) error {
	d, err := db.Open(ctx, db.Config{URL: url, MaxConns: poolSize})
	if err != nil {
		return err
	}
	defer d.Close()
	b := &usageBaselines{db: d}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.GET("/ready", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	e.POST("/usage", func(c echo.Context) error {
		var in naiveEvent
		if err := c.Bind(&in); err != nil {
			return err
		}
		err := b.gorm(c.Request().Context(), []usage.Event{{
			Key: in.ID, Tenant: in.Tenant, Meter: in.Meter, Quantity: in.Quantity, User: in.User, Feature: in.Feature, Role: in.Role, Plan: in.Plan,
			Route: in.Route, Model: in.Model, InputTokens: in.Input, OutputTokens: in.Output,
		}})
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, map[string]int{"accepted": 1})
	})
	s := &http.Server{Addr: addr, Handler: e, ReadHeaderTimeout: 5 * time.Second}
	if err := s.ListenAndServe(); err != nil {
		return fmt.Errorf("serve the naive endpoint: %w", err)
	}
	return nil
}
