package netguard

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
)

// Reason says in one fixed word why a request failed.
type Reason string

// The reasons. BlockedAddress to InvalidURL and RedirectRefused are the policy of the Guard; TooBusy and CircuitOpen
// protect the others; the rest is the peer's or the network's doing.
const (
	BlockedAddress  Reason = "blocked_address"
	BlockedScheme   Reason = "blocked_scheme"
	BlockedPort     Reason = "blocked_port"
	InvalidURL      Reason = "invalid_url"
	DNSFailure      Reason = "dns_failure"
	ConnectFailed   Reason = "connect_failed"
	TLSFailure      Reason = "tls_failure"
	Timeout         Reason = "timeout"
	BodyTooLarge    Reason = "body_too_large"
	RedirectRefused Reason = "redirect_refused"
	TooBusy         Reason = "too_busy"
	CircuitOpen     Reason = "circuit_open"
)

// Error is the only error of this package. Its text is the reason and nothing else. The cause is dropped on purpose:
// texts of the standard library quote addresses and what the peer sent.
type Error struct {
	Reason Reason

	ended error // of the caller's context
}

// ErrBodyTooLarge is the error of reading more than Limits.Body, for errors.Is.
var ErrBodyTooLarge error = &Error{Reason: BodyTooLarge}

// Error returns the reason.
func (e *Error) Error() string { return string(e.Reason) }

// Is makes errors.Is compare reasons.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Reason == e.Reason
}

// Unwrap returns context.Canceled or context.DeadlineExceeded when the caller's own context ended the request.
func (e *Error) Unwrap() error { return e.ended }

// ReasonOf returns the reason of an error that a client of this package returned, also through *url.Error, or "" when
// it is not one.
func ReasonOf(err error) Reason {
	guarded, ok := errors.AsType[*Error](err)
	if !ok {
		return ""
	}
	return guarded.Reason
}

func refuse(reason Reason) *Error { return &Error{Reason: reason} }

// classify turns what the transport reports into a reason. caller is the context before our own deadline was put on it.
func classify(caller context.Context, err error) *Error {
	if guarded, ok := errors.AsType[*Error](err); ok {
		return guarded
	}
	if ended := caller.Err(); ended != nil {
		return &Error{Reason: Timeout, ended: ended}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return refuse(Timeout)
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return refuse(DNSFailure)
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return refuse(Timeout)
	}
	if tlsFailed(err) {
		return refuse(TLSFailure)
	}
	return refuse(ConnectFailed)
}

func tlsFailed(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	// Versions, ciphers and alerts have no exported type; their texts all carry this prefix.
	return strings.Contains(err.Error(), "tls: ")
}
