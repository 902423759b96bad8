package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

const (
	streamBeat = 250 * time.Millisecond
	// streamLife is how long a stream lasts: clocks of two machines run apart, and a reader measures by its own how old a beat is.
	streamLife = 10 * time.Minute
)

var errStreamLife = errors.New("the stream is as long as it may be")

// stream tells what decides in the caller's tenant, and then what changes of it, as server-sent events. It is raw for that.
func (a *API) stream(c echo.Context) error {
	began := time.Now()
	ctx := c.Request().Context()
	once, err := onlyOnce(c.QueryParams())
	if err != nil {
		return err
	}
	p := authn.From(ctx)
	watch, err := a.Access.Watch(p.Tenant)
	if err != nil {
		return err
	}
	defer watch.Close()
	f := &feed{api: a, tenant: p.Tenant, watch: watch, began: began, sink: newEventSink(c), again: a.callerAgain(p)}
	first, err := f.next(ctx)
	if err != nil {
		return err // nothing was sent: it is a problem like any other
	}
	web.Streaming(ctx)
	f.sink.open()
	if f.sink.send("snapshot", first) != nil || f.beat() != nil || once {
		return nil // who does not read is dropped
	}
	why := f.run(ctx, a.drained)
	_ = f.sink.send("end", endOf(why)) // most that end are not there any more
	return nil
}

// onlyOnce reads the query: once=true asks for the snapshot alone.
func onlyOnce(query map[string][]string) (bool, error) {
	for name, v := range query {
		if name != "once" {
			return false, errs.InvalidField("query", "Ask for once=true, and nothing else.") // the name may be anything, a token above all
		}
		if len(v) != 1 || v[0] != "true" {
			return false, errs.InvalidField(name, "Give it once, as true.")
		}
	}
	return len(query) > 0, nil
}

// callerAgain asks whether the caller may still read: a stream must not outlive the key, or the role, that opened it.
func (a *API) callerAgain(p *authn.Principal) func(context.Context) error {
	return func(ctx context.Context) error {
		now, err := a.same(ctx, p)
		if err != nil {
			return err
		}
		if d := a.Access.Decide(now, nil, rbac.MembersRead, ""); !d.Allowed {
			return d.Err()
		}
		return nil
	}
}

// same is the caller as things are now.
func (a *API) same(ctx context.Context, p *authn.Principal) (*authn.Principal, error) {
	if p.Kind != authn.APIKey {
		return a.Access.Session(ctx, p.Tenant, p.Session)
	}
	key, err := secret.Parse(secret.PrefixAPIKey, web.PresentedKey(ctx))
	if err != nil {
		return nil, fmt.Errorf("read the key again: %w", err)
	}
	return a.Access.Key(ctx, key)
}

type endOut struct {
	Code string `json:"code" doc:"Why: that of a problem, or renew or draining, after which the same caller may connect again at once"`
}

func endOf(why error) endOut {
	switch {
	case errors.Is(why, errStreamLife):
		return endOut{"renew"}
	case errors.Is(why, errDraining):
		return endOut{"draining"}
	}
	return endOut{errs.CodeOf(why)}
}

var errDraining = errors.New("the server stops")

// Drain ends the streams, which would else keep a server from shutting down.
func (a *API) Drain() { a.draining.Do(func() { close(a.drained) }) }

// feed is one stream.
type feed struct {
	api    *API
	tenant tenantID
	watch  *access.Watch
	began  time.Time
	sink   *eventSink
	again  func(context.Context) error

	asOf  time.Time // what was sent last was true then
	until time.Time // when the clock changes what was sent
}

// run sends changes and beats until something ends it, and says what.
func (f *feed) run(ctx context.Context, drained <-chan struct{}) error {
	tick := time.NewTicker(streamBeat)
	defer tick.Stop()
	for {
		beat := false
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-drained:
			return errDraining
		case <-f.watch.Changed():
		case <-tick.C:
			beat = true
		}
		if time.Since(f.began) > streamLife {
			return errStreamLife
		}
		if err := f.again(ctx); err != nil {
			return err
		}
		change, err := f.next(ctx)
		if err != nil {
			return err
		}
		if change != nil {
			if err := f.sink.send("change", change); err != nil {
				return err
			}
		}
		if change != nil || beat {
			if err := f.beat(); err != nil {
				return err
			}
		}
	}
}

type beatOut struct {
	AsOf int64 `json:"as_of_ms" doc:"All that was committed until this many milliseconds after the request arrived has been told"`
}

func (f *feed) beat() error {
	if !f.api.Access.Decisive() {
		return errs.New(errs.Unavailable, "no_catalog", "")
	}
	return f.sink.send("beat", beatOut{f.asOf.Sub(f.began).Milliseconds() - 1}) // the whole milliseconds below
}
