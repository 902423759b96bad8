package authn_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

func TestWithoutAPrincipalNobodyAsks(t *testing.T) {
	t.Parallel()
	for what, p := range map[string]*authn.Principal{
		"an empty context": authn.From(t.Context()),
		"a nil principal":  authn.From(authn.With(t.Context(), nil)),
	} {
		if p == nil || p.Kind != authn.Anonymous || p.Subject() != "" || p.Role != "" {
			t.Errorf("From of %s = %+v, want an anonymous one", what, p)
		}
	}
	authn.From(t.Context()).Role = "owner"
	if got := authn.From(t.Context()).Role; got != "" {
		t.Errorf("a caller changed what From returns: role %q", got)
	}
	if o := authn.OriginFrom(t.Context()); o != (authn.Origin{}) {
		t.Errorf("OriginFrom of an empty context = %+v, want none", o)
	}
}

func TestSubjectNamesWhoDidIt(t *testing.T) {
	t.Parallel()
	m, k := id.New[id.Membership](), id.New[id.Key]()
	p := authn.Principal{Membership: m, Key: k}
	for kind, want := range map[authn.Kind]string{
		authn.Member: m.String(), authn.APIKey: k.String(), authn.Operator: "", authn.System: "", authn.Anonymous: "", "": "", "root": "",
	} {
		p.Kind = kind
		if got := p.Subject(); got != want {
			t.Errorf("Subject of kind %q = %q, want %q", kind, got, want)
		}
	}
}

func TestTheLastPrincipalCounts(t *testing.T) {
	t.Parallel()
	ctx := authn.AsOperator(authn.With(t.Context(), &authn.Principal{Kind: authn.Member}))
	if got := authn.From(ctx).Kind; got != authn.Operator {
		t.Errorf("AsOperator: kind %q", got)
	}
	if got := authn.From(authn.AsSystem(ctx)).Kind; got != authn.System {
		t.Errorf("AsSystem: kind %q", got)
	}
	o := authn.Origin{RequestID: "req_1", Address: "192.0.2.1", UserAgent: "test"}
	if got := authn.OriginFrom(authn.WithOrigin(ctx, o)); got != o {
		t.Errorf("OriginFrom = %+v, want %+v", got, o)
	}
}
