package access_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/seed-2a059015/gatehouse/access"
	"github.com/seed-2a059015/gatehouse/catalog"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestCasbinIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply([]byte(product))
	viewer := w.join("vic", rbac.Viewer)
	log := &lines{}
	cfg := w.config()
	cfg.Log, cfg.Recheck = slog.New(slog.NewTextHandler(log, nil)), 1
	s, _ := w.run(cfg)
	ask := func() bool { return s.Allowed(t.Context(), w.tenant.ID, viewer.ID, "chat:use", "") }
	if ask() {
		t.Error("a viewer may chat, want a refusal")
	}
	w.soon("Casbin was asked", func() bool { _ = ask(); return s.Stats().Rechecks.Load() > 10 })
	if n := s.Stats().Mismatches.Load(); n != 0 || strings.Contains(log.String(), "decision_mismatch") {
		t.Errorf("%d mismatches of a sound table: %s", n, log)
	}

	wrong, err := catalog.Parse("wrong", []byte(strings.Replace(product, "member: {", "viewer: {", 1)))
	must(t, err)
	must(t, access.Corrupt(s, wrong))
	if !ask() {
		t.Error("the corrupted table refuses, want it to allow")
	}
	w.soon("the difference is counted", func() bool { _ = ask(); return s.Stats().Mismatches.Load() > 0 })
	w.soon("the alarm is raised", func() bool {
		return strings.Contains(log.String(), "decision_mismatch") && strings.Contains(log.String(), "permission=chat:use") &&
			strings.Contains(log.String(), "answered=true casbin=false")
	})
}

// With nobody who asks Casbin, questions are dropped and nothing waits.
func TestRechecksHoldNobodyUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cfg := w.config()
	cfg.Recheck = 1
	s := w.deaf(cfg)
	p, err := s.Member(t.Context(), w.tenant.ID, w.owner.ID)
	must(t, err)
	for range 1000 {
		if d := s.Decide(p, nil, rbac.MembersRead, ""); !d.Allowed {
			t.Fatalf("Decide = %+v, want it allowed", d)
		}
	}
}
