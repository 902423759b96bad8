package api_test

import (
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

type logged struct {
	ID         string `json:"id"`
	Member     string `json:"member"`
	APIKey     string `json:"api_key"`
	Role       string `json:"role"`
	Permission string `json:"permission"`
	Feature    string `json:"feature"`
	Route      string `json:"route"`
	Allowed    bool   `json:"allowed"`
	Clause     string `json:"clause"`
	NeedsRole  string `json:"needs_role"`
}

// decision waits for a decision to be in the log.
func (p place) decision(tb testing.TB, owner *apitest.Client, id string) (d logged) {
	tb.Helper()
	within(tb, 10*time.Second, func() bool {
		a := owner.Do(tb, "GET", "/v1/decisions/"+id, nil)
		if a.StatusCode == 200 {
			a.JSON(tb, &d)
		}
		return a.StatusCode == 200
	})
	return d
}

func TestEveryRefusalIsInTheLog(t *testing.T) {
	t.Parallel()
	p := newPlace(t, apitest.Start(t))
	owner := p.Bearer(p.Session(t, p.tenant, rbac.Owner))
	session := p.Session(t, p.tenant, rbac.Viewer)
	viewer := p.Bearer(session)
	write := map[string]any{"permission": "members:write"}
	subject := map[string]any{"type": "member", "id": session.Member.ID.String()}
	for route, ask := range map[string]func() string{
		"POST /v1/check": func() string {
			var out struct {
				ID string `json:"decision_id"`
			}
			viewer.Do(t, "POST", "/v1/check", write).Want(t, 200).JSON(t, &out)
			return out.ID
		},
		"POST /v1/check/batch": func() string {
			var out struct {
				Decisions []struct {
					ID string `json:"decision_id"`
				} `json:"decisions"`
			}
			viewer.Do(t, "POST", "/v1/check/batch", map[string]any{"checks": []any{write}}).Want(t, 200).JSON(t, &out)
			return out.Decisions[0].ID
		},
		"POST /access/v1/evaluation": func() string {
			var out struct {
				Context struct {
					ID string `json:"id"`
				} `json:"context"`
			}
			viewer.Do(t, "POST", "/access/v1/evaluation", map[string]any{
				"subject": subject, "action": map[string]any{"name": "members:write"}, "resource": map[string]any{"type": "x", "id": "y"},
			}).Want(t, 200).JSON(t, &out)
			return out.Context.ID
		},
		"GET /v1/forward-auth": func() string {
			return refusedBy(t, viewer.Do(t, "GET", "/v1/forward-auth?permission=members:write", nil))
		},
		"POST /v1/invitations": func() string {
			return refusedBy(t, viewer.Do(t, "POST", "/v1/invitations", map[string]any{"email": "a@b.test", "role": "viewer"}))
		},
	} {
		id := ask()
		got := p.decision(t, owner, id)
		want := logged{
			ID: id, Member: session.Member.ID.String(), Role: "viewer", Permission: "members:write", Route: route,
			Clause: "role_lacks_permission", NeedsRole: "admin",
		}
		if got != want {
			t.Errorf("the decision of %s = %+v, want %+v", route, got, want)
		}
	}
	var page struct{ Items []logged }
	owner.Do(t, "GET", "/v1/decisions?permission=members:write&allowed=false&member="+session.Member.ID.String(), nil).Want(t, 200).JSON(t, &page)
	if len(page.Items) != 5 {
		t.Errorf("refusals in the list = %d, want 5: %+v", len(page.Items), page.Items)
	}
	viewer.Do(t, "GET", "/v1/decisions", nil).Refused(t, 403, "role_lacks_permission")
}

func refusedBy(tb testing.TB, a *apitest.Answer) string {
	tb.Helper()
	var out struct {
		ID string `json:"decision_id"`
	}
	a.Want(tb, 403).JSON(tb, &out)
	return out.ID
}

func TestApprovalsAreSampled(t *testing.T) {
	t.Parallel()
	for sample, want := range map[int]int{1: 3, -1: 0} {
		p := newPlace(t, apitest.Start(t, func(c *gatehouse.Config) { c.DecisionSample = sample }))
		owner := p.Bearer(p.Session(t, p.tenant, rbac.Owner))
		for range 3 {
			owner.Do(t, "POST", "/v1/check", map[string]any{"permission": "members:read"}).Want(t, 200)
		}
		var refused struct {
			ID string `json:"decision_id"`
		}
		owner.Do(t, "POST", "/v1/check", map[string]any{"permission": "no:such"}).Want(t, 200).JSON(t, &refused)
		p.decision(t, owner, refused.ID) // what was noted before it is there too
		var page struct{ Items []logged }
		owner.Do(t, "GET", "/v1/decisions?allowed=true&permission=members:read", nil).Want(t, 200).JSON(t, &page)
		if len(page.Items) != want {
			t.Errorf("approvals of 3 at a sample of %d = %d, want %d", sample, len(page.Items), want)
		}
	}
}
