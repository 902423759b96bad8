package api_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// decision is what products read of an answer.
type decision struct {
	Allowed   bool   `json:"allowed"`
	ID        string `json:"decision_id"`
	Clause    string `json:"clause"`
	NeedsRole string `json:"needs_role"`
	NeedsPlan string `json:"needs_plan"`
	Message   string `json:"message"`
}

type question map[string]string

func askBatch(tb testing.TB, c *apitest.Client, questions []question) []decision {
	tb.Helper()
	var out struct{ Decisions []decision }
	c.Do(tb, "POST", "/v1/check/batch", map[string]any{"checks": questions}).Want(tb, 200).JSON(tb, &out)
	if len(out.Decisions) != len(questions) {
		tb.Fatalf("%d answers to %d questions", len(out.Decisions), len(questions))
	}
	return out.Decisions
}

func suspend(tb testing.TB, t *apitest.Tenant) {
	tb.Helper()
	t.Within(tb, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.Suspend(ctx, tx, "test")
		return err
	})
}

func suspendMember(tb testing.TB, t *apitest.Tenant, m tenants.Membership) {
	tb.Helper()
	t.Within(tb, func(ctx context.Context, tx *db.TenantTx) error {
		_, err := tenants.SuspendMember(ctx, tx, m.ID)
		return err
	})
}

func TestABatchAnswersAsSingleQuestionsDo(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	questions := []question{
		{"permission": "members:read"},
		{"permission": "members:write"},
		{"permission": "no:such"},
		{"feature": "no.such"},
		{"feature": "ai.agents"},
		{"feature": string(billing.SSO)},
		{"permission": "members:read", "feature": string(billing.SSO)},
		{"permission": "connections:write"},
		{"permission": "members:read"},
	}
	for name, c := range map[string]*apitest.Client{
		"session": s.Bearer(s.Session(t, tenant, rbac.Member)),
		"cookies": s.Browser(s.Session(t, tenant, rbac.Owner)),
		"key":     s.Machine(s.APIKey(t, tenant, rbac.Viewer)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ids []string
			for i, got := range askBatch(t, c, questions) {
				var want decision
				c.Do(t, "POST", "/v1/check", questions[i]).Want(t, 200).JSON(t, &want)
				if ids = append(ids, got.ID); got.ID == "" {
					t.Errorf("the answer to %v has no id", questions[i])
				}
				if got.ID, want.ID = "", ""; got != want {
					t.Errorf("in a batch, %v = %+v, want %+v", questions[i], got, want)
				}
			}
			if slices.Sort(ids); len(slices.Compact(ids)) != len(questions) {
				t.Errorf("two answers have one id: %v", ids)
			}
		})
	}
}

func TestABatchHasFrom1To100Questions(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := s.Bearer(newPlace(t, s).caller)
	hundred := slices.Repeat([]question{{"permission": "members:read"}}, 100)
	askBatch(t, c, hundred)
	for _, wrong := range []struct {
		body  any
		field string
	}{
		{map[string]any{"checks": []question{}}, "checks"},
		{map[string]any{}, "checks"},
		{`{"checks": null}`, "checks"},
		{map[string]any{"checks": append(slices.Clone(hundred), hundred[0])}, "checks"},
		{map[string]any{"checks": append(slices.Clone(hundred[:7]), question{})}, "checks.7.permission"},
		{map[string]any{"checks": append(slices.Clone(hundred[:3]), question{"role": "owner"})}, "checks.3.role"},
	} {
		got := c.Do(t, "POST", "/v1/check/batch", wrong.body).Refused(t, 422, "invalid_input")
		if len(got.Fields) != 1 || got.Fields[0].Name != wrong.field {
			t.Errorf("fields = %v, want %s", got.Fields, wrong.field)
		}
	}
	c.Do(t, "POST", "/v1/check/batch", `[]`).Refused(t, 422, "invalid_input")
}

func TestABatchSaysWhatSpeaksAgainstTheCaller(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	for clause, end := range map[string]func(testing.TB, *apitest.Tenant, tenants.Membership){
		"member_suspended": suspendMember,
		"tenant_suspended": func(tb testing.TB, t *apitest.Tenant, _ tenants.Membership) { tb.Helper(); suspend(tb, t) },
	} {
		t.Run(clause, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, s)
			session := s.Session(t, p.tenant, rbac.Admin)
			c := s.Bearer(session)
			questions := []question{{"permission": "members:read"}, {"feature": "ai.agents"}}
			if got := askBatch(t, c, questions); !got[0].Allowed || !got[1].Allowed {
				t.Fatalf("an admin is refused: %+v", got)
			}
			end(t, p.tenant, session.Member)
			within(t, time.Second, func() bool {
				got := askBatch(t, c, questions)
				return got[0].Clause == clause && got[1].Clause == clause && !got[0].Allowed && !got[1].Allowed
			})
		})
	}
}

func TestAWarmBatchAsksNoDatabase(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	questions := slices.Repeat([]question{{"permission": "members:read", "feature": "ai.agents"}}, 40)
	for _, c := range []*apitest.Client{s.Bearer(p.caller), s.Machine(s.APIKey(t, p.tenant, rbac.Viewer))} {
		asksNoDatabase(t, s, "POST /v1/check/batch", func() { askBatch(t, c, questions) })
	}
}

// asksNoDatabase holds requests of a route to no statements once they are warm. What the test made is announced a moment after it was
// made, and makes what is held cold once more.
func asksNoDatabase(tb testing.TB, s *apitest.Server, route string, ask func()) {
	tb.Helper()
	asked := len(statements(s, route))
	once := func() int64 {
		ask()
		asked++
		within(tb, time.Second, func() bool { return len(statements(s, route)) == asked })
		return statements(s, route)[asked-1]
	}
	within(tb, 2*time.Second, func() bool { return once() == 0 })
	for range 5 {
		if n := once(); n != 0 {
			tb.Errorf("a warm %s costs %d statements, want none", route, n)
		}
	}
}

// statements is how many each request to a route cost, as the server's own log says.
func statements(s *apitest.Server, route string) []int64 {
	var found []int64
	for text := range strings.Lines(s.Log.String()) {
		var line struct {
			Route string
			SQL   int64
		}
		if json.Unmarshal([]byte(text), &line) == nil && line.Route == route {
			found = append(found, line.SQL)
		}
	}
	return found
}
