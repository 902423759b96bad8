package sso

import (
	"context"
	"net/http"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sessions"
)

// Result is what came of an attempt.
type Result struct {
	Purpose  Purpose
	Issued   sessions.Issued // of a sign-in
	Last     Last            // of a sign-in, for the browser to remember; see [SignIn.Cookie]
	ReturnTo string
	// State names the attempt, and its cookie.
	State string
	// Choices are the tenants between which a person has to choose; the choice goes to [SignIn.Choose] with State. The attempt's cookie
	// stays until then.
	Choices []Choice
	// Unconfirmed is set when the provider started the sign-in: the person has to confirm it, by [SignIn.Confirm] with State. Its cookie
	// has to be set first.
	Unconfirmed *Redirect
	// DryRun is what a test found. Nobody was let in by it.
	DryRun *DryRun
}

// Choice is a tenant that a person may enter.
type Choice struct {
	Tenant id.Tenant
	Slug   string
	Name   string
}

// Finish takes what the provider sent back to the callback of a connection. First the attempt is used up, whatever comes after; then the
// provider is asked, while no transaction is open; then one transaction lets the person in, with its event. A refusal is made by
// [Refuse], and is written down too.
func (s *SignIn) Finish(ctx context.Context, r *http.Request, protocol string, connection id.Connection) (Result, error) {
	result, err := s.finish(ctx, r, protocol, connection)
	if err != nil || len(result.Choices) == 0 { // who still has to choose is counted then
		s.count(Connection{ID: connection, Protocol: protocol}.Method(), err)
	}
	return result, err
}

func (s *SignIn) finish(ctx context.Context, r *http.Request, protocol string, connection id.Connection) (Result, error) {
	provider := s.providers[protocol]
	if provider == nil {
		return Result{}, errs.NotFound("connection")
	}
	state, err := provider.State(r)
	if err != nil {
		s.note(ctx, connection, err)
		return Result{}, err
	}
	if _, ours := tenantOf(state); !ours && protocol == ProtocolSAML {
		return s.unsolicited(ctx, r, provider, connection)
	}
	b, err := s.takeBack(ctx, r, protocol, connection, state)
	if err != nil {
		s.note(ctx, connection, err)
		return Result{State: state}, err
	}
	b.who, err = provider.Finish(ctx, r, b.attempt)
	if err == nil {
		b.attempt.Trail.Prove()
	}
	result, err := s.conclude(ctx, b, err)
	if err != nil {
		return Result{State: state}, s.refuse(ctx, b, err)
	}
	result.Purpose, result.ReturnTo, result.State = b.record.Purpose, b.record.ReturnTo, state
	return result, nil
}
