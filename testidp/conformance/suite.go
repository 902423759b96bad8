package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-2a059015/gatehouse/testidp"
	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// Config says what to play, and on whom.
type Config struct {
	// BaseURL is what the installation calls itself; DialURL is where it listens, if that is not the same.
	BaseURL, DialURL string
	Version          string // for the report
	// SessionCookie is the name of the cookie by which a browser is signed in.
	SessionCookie string
	Installation  Installation
	// Providers starts OpenID Providers where the installation reaches them. Nil plays no OpenID Connect.
	Providers func() (*testidp.Server, func(), error)
	// OneAddress says that Providers works once only. Attacks after which an address is avoided for a while are then left out.
	OneAddress bool
	// Development says that the installation accepts providers on its own machine, which others must refuse.
	Development bool
	// Quick tries each forged response in one mode of signing instead of all.
	Quick bool
}

// parallel is how many connections are attacked at once.
const parallel = 6

// suite is a run.
type suite struct {
	Config
	base, dial *url.URL
	tools      *samlforge.Tools
	browsers   atomic.Int32

	mu      sync.Mutex
	results []Result
	skipped []Skipped
}

// Run plays everything. The error says that it could not be played; what was found is in the report. Cleaning up is the caller's.
func Run(ctx context.Context, cfg Config) (Report, error) {
	began := now()
	s := &suite{Config: cfg, skipped: []Skipped{}}
	var errBase, errDial, errTools error
	s.base, errBase = url.Parse(cfg.BaseURL)
	s.dial = s.base
	if cfg.DialURL != "" {
		s.dial, errDial = url.Parse(cfg.DialURL)
	}
	s.tools, errTools = samlforge.NewTools(began)
	if err := errors.Join(errBase, errDial, errTools); err != nil {
		return Report{}, fmt.Errorf("prepare the attacks: %w", err)
	}
	group, inGroup := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, part := range s.parts() {
		group.Go(func() error { return part(inGroup) })
	}
	if err := group.Wait(); err != nil {
		return Report{}, err
	}
	r := Report{
		BaseURL: cfg.BaseURL, Version: cfg.Version, StartedAt: began.UTC().Truncate(time.Second), Seconds: now().Sub(began).Round(time.Millisecond).Seconds(),
		Results: s.results, Skipped: s.skipped,
	}
	r.Fill()
	return r, nil
}

// part is a series of attacks that follow one another; several parts go on at once.
type part func(context.Context) error

// parts begins with the longest.
func (s *suite) parts() []part {
	parts := append(s.samlParts(), s.playRequests, s.playFlows, s.playLogouts, s.playMetadata)
	if s.Providers == nil {
		s.skip(Discovery, "no OpenID Provider was started where the installation reaches it")
		return parts
	}
	return append(parts, s.playOIDC)
}

func (s *suite) skip(a Area, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := (Skipped{a, why}); !slices.Contains(s.skipped, one) {
		s.skipped = append(s.skipped, one)
	}
}

func (s *suite) record(r Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results = append(s.results, r)
}

func (s *suite) newBrowser() *browser {
	return newBrowser(s.base, s.dial, s.SessionCookie, int(s.browsers.Add(1)))
}

// now is the time of this machine, from which forgeries take theirs.
func now() time.Time { return time.Now() }
