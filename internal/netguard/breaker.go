package netguard

import (
	"context"
	"errors"
	"sync"
	"time"
)

// breaker refuses work after failures in a row. When the cooldown is over, one request probes while others still wait.
type breaker struct {
	limit    int
	cooldown time.Duration

	mu      sync.Mutex
	failed  int
	until   time.Time
	probing bool
}

func (b *breaker) allow() (probe bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed < b.limit {
		return false, nil
	}
	if b.probing || time.Now().Before(b.until) {
		return false, refuse(CircuitOpen)
	}
	b.probing = true
	return true, nil
}

func (b *breaker) record(err error, probe bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if probe {
		b.probing = false
	}
	if canceled(err) {
		return
	}
	if !peerFailed(err) {
		b.failed = 0
		return
	}
	b.failed++
	if b.failed >= b.limit {
		b.until = time.Now().Add(b.cooldown)
	}
}

// canceled reports whether the caller gave up, which says nothing about the peer.
func canceled(err error) bool { return errors.Is(err, context.Canceled) }

// peerFailed reports whether an outcome is a reason to leave the peer alone.
func peerFailed(err error) bool {
	switch ReasonOf(err) {
	case DNSFailure, ConnectFailed, TLSFailure, Timeout:
		return true
	default:
		return false
	}
}
