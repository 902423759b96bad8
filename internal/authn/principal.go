package authn

import (
	"context"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

// Kind is what sort of caller a principal is.
type Kind string

// The kinds. They are also the actor kinds of events.
const (
	Member    Kind = "member"    // a person with a session
	APIKey    Kind = "api_key"   // a machine of a tenant
	Operator  Kind = "operator"  // the command line of the installation
	System    Kind = "system"    // Gatehouse itself: jobs
	Setup     Kind = "setup"     // whoever holds a set-up link of a tenant: single sign-on and nothing else
	Anonymous Kind = "anonymous" // nobody yet
)

// Principal is who is asking, and how that was proven. Role and status are as of the snapshot that authenticated the request, never as
// a token claims.
type Principal struct {
	Kind       Kind
	Tenant     id.Tenant
	User       id.User
	Membership id.Membership
	Session    id.Session
	Key        id.Key
	SetupLink  id.SetupLink
	Role       string
	Plan       string
	Email      string
	Name       string

	Method     string // how the session was made: oidc, google, link
	Connection id.Connection
	AuthTime   time.Time // of the session
	AMR        []string

	// MadeByOperator is set for an API key that the operator's command line made: no member's limits bind it but its role.
	MadeByOperator bool

	Rate Rate // of an API key that has a limit of its own

	Actor     id.User // who really acts, when acting for another
	ActingFor id.User

	// Held is the snapshot of the tenant that the principal was authenticated from, so that everything of one request is decided from one
	// state. Package access fills and reads it; package tenants asks it for the catalog in force.
	Held any `json:"-"`
}

// Rate allows Events per Per on average, and Burst at once. The zero Rate is no limit.
type Rate struct {
	Events int
	Per    time.Duration
	Burst  int
}

// Subject is the id that names the principal in events, logs and idempotency records.
func (p *Principal) Subject() string {
	switch p.Kind {
	case Member:
		return p.Membership.String()
	case APIKey:
		return p.Key.String()
	case Setup:
		return p.SetupLink.String()
	case Operator, System, Anonymous:
		return ""
	default:
		return ""
	}
}

type principalKey struct{}

// With returns a context that carries p.
func With(ctx context.Context, p *Principal) context.Context {
	return &Context{Context: ctx, Principal: p}
}

// From returns the principal of the context; an anonymous one when there is none.
func From(ctx context.Context) *Principal {
	if p, ok := ctx.Value(principalKey{}).(*Principal); ok && p != nil {
		return p
	}
	return &Principal{Kind: Anonymous}
}

// AsOperator is the context of a command that an operator of the installation runs.
func AsOperator(ctx context.Context) context.Context {
	return With(ctx, &Principal{Kind: Operator})
}

// AsSystem is the context of a job.
func AsSystem(ctx context.Context) context.Context { return With(ctx, &Principal{Kind: System}) }
