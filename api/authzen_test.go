package api_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
)

type object = map[string]any

func thing(kind, id string) object { return object{"type": kind, "id": id} }

func evaluationOf(subject object, permission string, resource object) object {
	return object{"subject": subject, "action": object{"name": permission}, "resource": resource}
}

var anything = thing("document", "17") //nolint:gochecknoglobals // never written

type evaluated struct {
	Decision bool
	Context  struct {
		ID         string            `json:"id"`
		Clause     string            `json:"clause"`
		NeedsRole  string            `json:"needs_role"`
		NeedsPlan  string            `json:"needs_plan"`
		Limit      *int64            `json:"limit"`
		ReasonUser map[string]string `json:"reason_user"`
	}
}

func evaluate(tb testing.TB, c *apitest.Client, question object) (out evaluated) {
	tb.Helper()
	c.Do(tb, "POST", "/access/v1/evaluation", question).Want(tb, 200).JSON(tb, &out)
	if out.Context.ID == "" || out.Decision != (out.Context.Clause == "") || out.Decision != (out.Context.ReasonUser["en"] == "") {
		tb.Errorf("the decision does not say why: %+v", out)
	}
	return out
}

func TestAnEvaluationSaysWhatACheckSays(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	session, key := s.Session(t, tenant, rbac.Member), s.APIKey(t, tenant, rbac.Viewer)
	for name, who := range map[string]struct {
		client  *apitest.Client
		subject object
	}{
		"member": {s.Bearer(session), thing("member", session.Member.ID.String())},
		"user":   {s.Bearer(session), thing("user", session.Member.UserID.String())},
		"key":    {s.Machine(key), thing("api_key", key.ID.String())},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, q := range []question{
				{"permission": "members:read"},
				{"permission": "members:write"},
				{"permission": "no:such"},
				{"permission": "members:read", "feature": string(billing.SSO)},
				{"permission": "members:read", "feature": "ai.agents"},
				{"permission": "members:read", "feature": "no.such"},
			} {
				var want decision
				who.client.Do(t, "POST", "/v1/check", q).Want(t, 200).JSON(t, &want)
				resource := anything
				if q["feature"] != "" {
					resource = thing("feature", q["feature"])
				}
				got := evaluate(t, who.client, evaluationOf(who.subject, q["permission"], resource))
				if c := got.Context; got.Decision != want.Allowed || c.Clause != want.Clause || c.NeedsRole != want.NeedsRole ||
					c.NeedsPlan != want.NeedsPlan || c.ReasonUser["en"] != want.Message {
					t.Errorf("evaluation of %v = %+v, want %+v", q, got, want)
				}
			}
		})
	}
}

func TestAnEvaluationIsAboutAnyMemberOfTheTenant(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant, other := s.NewTenant(t, billing.Enterprise), s.NewTenant(t, billing.Enterprise)
	admin, stranger := tenant.Members[rbac.Admin], other.Members[rbac.Owner]
	suspended := tenant.Join(t, rbac.Admin)
	suspendMember(t, tenant, suspended)
	strangers := s.APIKey(t, other, rbac.Admin)
	for name, c := range map[string]*apitest.Client{
		"session": s.Bearer(s.Session(t, tenant, rbac.Owner)),
		"key":     s.Machine(s.APIKey(t, tenant, rbac.Viewer)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range []struct {
				subject object
				clause  string
			}{
				{thing("member", admin.ID.String()), ""},
				{thing("user", admin.UserID.String()), ""},
				{thing("member", tenant.Members[rbac.Viewer].ID.String()), "role_lacks_permission"},
				{thing("user", tenant.Members[rbac.Viewer].UserID.String()), "role_lacks_permission"},
				{thing("member", suspended.ID.String()), "member_suspended"},
				{thing("user", suspended.UserID.String()), "member_suspended"},
				{thing("member", stranger.ID.String()), "no_membership"},
				{thing("user", stranger.UserID.String()), "no_membership"},
				{thing("api_key", strangers.ID.String()), "no_membership"},
				{thing("member", id.New[id.Membership]().String()), "no_membership"},
				{thing("user", id.New[id.User]().String()), "no_membership"},
				{thing("user", admin.ID.String()), "no_membership"},
				{thing("member", "mem_x\x00"), "no_membership"},
				{thing("robot", admin.ID.String()), "no_membership"},
			} {
				if got := evaluate(t, c, evaluationOf(tt.subject, "members:write", anything)); got.Context.Clause != tt.clause {
					t.Errorf("evaluation of %v = %+v, want the clause %q", tt.subject, got, tt.clause)
				}
			}
		})
	}
}

func TestWhoMayNotReadMembersAsksAboutThemselves(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	c := s.Bearer(s.Session(t, p.tenant, rbac.Admin))
	self := thing("member", p.tenant.Members[rbac.Admin].ID.String())
	another := evaluationOf(thing("member", p.caller.Member.ID.String()), "members:read", anything)
	if got := evaluate(t, c, another); !got.Decision {
		t.Errorf("an admin asks about the owner: %+v", got)
	}
	suspendMember(t, p.tenant, p.tenant.Members[rbac.Admin])
	within(t, time.Second, func() bool {
		return evaluate(t, c, evaluationOf(self, "members:read", anything)).Context.Clause == "member_suspended"
	})
	c.Do(t, "POST", "/access/v1/evaluation", another).Refused(t, 403, "member_suspended")
	nobody := evaluationOf(thing("member", id.New[id.Membership]().String()), "members:read", anything)
	c.Do(t, "POST", "/access/v1/evaluation", nobody).Refused(t, 403, "member_suspended")
}

func TestAnEvaluationNamesAllThreeParts(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	c := s.Bearer(p.caller)
	whole := evaluationOf(thing("member", p.caller.Member.ID.String()), "members:read", anything)
	whole["context"] = object{"ip": "192.0.2.1", "deep": object{"er": []any{1, 2}}}
	whole["subject"].(object)["properties"] = object{"role": "viewer"} //nolint:forcetypeassert // made above
	if got := evaluate(t, c, whole); !got.Decision {
		t.Errorf("properties and a context change the decision: %+v", got)
	}
	for field, wrong := range map[string]object{
		"subject":       {"subject": nil},
		"action":        {"action": nil},
		"resource":      {"resource": nil},
		"subject.type":  {"subject": object{"id": "x"}},
		"subject.id":    {"subject": object{"type": "user"}},
		"action.name":   {"action": object{}},
		"resource.type": {"resource": object{"id": "x"}},
		"resource.id":   {"resource": object{"type": "x"}},
		"subject.role":  {"subject": object{"role": "owner"}},
		"context":       {"context": "none"},
	} {
		body := maps.Clone(whole)
		maps.Copy(body, wrong)
		got := c.Do(t, "POST", "/access/v1/evaluation", body).Refused(t, 422, "invalid_input")
		if len(got.Fields) != 1 || got.Fields[0].Name != field {
			t.Errorf("fields = %v, want %s", got.Fields, field)
		}
		if field == "subject.role" || field == "context" {
			continue
		}
		got = c.Do(t, "POST", "/access/v1/evaluations", object{"evaluations": []any{whole, body}}).Refused(t, 422, "invalid_input")
		if len(got.Fields) != 1 || got.Fields[0].Name != "evaluations.1."+field {
			t.Errorf("fields = %v, want evaluations.1.%s", got.Fields, field)
		}
	}
}

func TestEvaluationsStopAsTheyAreTold(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	c := s.Bearer(s.Session(t, p.tenant, rbac.Viewer))
	self := thing("member", p.tenant.Members[rbac.Viewer].ID.String())
	ask := func(semantic string, permissions ...string) []bool {
		t.Helper()
		questions := make([]object, 0, len(permissions))
		for _, permission := range permissions {
			questions = append(questions, object{"action": object{"name": permission}})
		}
		body := object{"subject": self, "resource": anything, "action": object{"name": "no:such"}, "evaluations": questions}
		if semantic != "" {
			body["options"] = object{"evaluations_semantic": semantic}
		}
		var out struct{ Evaluations []evaluated }
		c.Do(t, "POST", "/access/v1/evaluations", body).Want(t, 200).JSON(t, &out)
		var decisions []bool
		for _, e := range out.Evaluations {
			decisions = append(decisions, e.Decision)
		}
		return decisions
	}
	const yes, no = "members:read", "members:write"
	for _, tt := range []struct {
		semantic string
		asked    []string
		want     []bool
	}{
		{"", []string{no, yes, no}, []bool{false, true, false}},
		{"execute_all", []string{yes, no, yes}, []bool{true, false, true}},
		{"deny_on_first_deny", []string{yes, no, yes}, []bool{true, false}},
		{"deny_on_first_deny", []string{yes, yes}, []bool{true, true}},
		{"permit_on_first_permit", []string{no, yes, no}, []bool{false, true}},
		{"permit_on_first_permit", []string{no, no}, []bool{false, false}},
	} {
		if diff := cmp.Diff(tt.want, ask(tt.semantic, tt.asked...)); diff != "" {
			t.Errorf("%s of %v (-want +got):\n%s", tt.semantic, tt.asked, diff)
		}
	}
	if got := ask("", slices.Repeat([]string{yes}, 100)...); len(got) != 100 {
		t.Errorf("%d answers to 100 questions", len(got))
	}
	one := evaluationOf(self, yes, anything)
	for _, tt := range []struct {
		body  object
		field string
	}{
		{object{"evaluations": slices.Repeat([]object{one}, 101)}, "evaluations"},
		{object{"evaluations": []object{one}, "options": object{"evaluations_semantic": "any"}}, "options.evaluations_semantic"},
		{object{"evaluations": []object{}}, "subject"},
	} {
		got := c.Do(t, "POST", "/access/v1/evaluations", tt.body).Refused(t, 422, "invalid_input")
		if len(got.Fields) != 1 || got.Fields[0].Name != tt.field {
			t.Errorf("fields = %v, want %s", got.Fields, tt.field)
		}
	}
	var single evaluated // without evaluations the request is one
	c.Do(t, "POST", "/access/v1/evaluations", one).Want(t, 200).JSON(t, &single)
	if !single.Decision || single.Context.ID == "" {
		t.Errorf("one evaluation = %+v, want a permit", single)
	}
}

func TestWarmEvaluationsAskNoDatabase(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	key := s.Machine(s.APIKey(t, p.tenant, rbac.Viewer))
	var questions []object
	for _, role := range apitest.Roles() {
		questions = append(questions, object{"subject": thing("member", p.tenant.Members[role].ID.String())})
	}
	body := object{"action": object{"name": "members:read"}, "resource": anything, "evaluations": questions}
	asksNoDatabase(t, s, "POST /access/v1/evaluations", func() { key.Do(t, "POST", "/access/v1/evaluations", body).Want(t, 200) })
}

func TestTheStandardsMetadataNamesItsEndpoints(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	var got map[string]string
	s.Anonymous().Do(t, "GET", "/.well-known/authzen-configuration", nil).Want(t, 200).JSON(t, &got)
	want := map[string]string{
		"policy_decision_point": s.URL, "access_evaluation_endpoint": s.URL + "/access/v1/evaluation",
		"access_evaluations_endpoint": s.URL + "/access/v1/evaluations",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

func TestAnEvaluationAsksForAQuantity(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Free)
	session := s.Session(t, tenant, rbac.Member)
	c, me := s.Bearer(session), thing("member", session.Member.ID.String())
	ask := func(feature string, quantity any) object {
		q := evaluationOf(me, "chat:use", thing("feature", feature))
		q["context"] = object{"quantity": quantity}
		return q
	}
	if got := evaluate(t, c, ask("seats", 3)); !got.Decision {
		t.Errorf("evaluation of 3 seats on free = %+v, want it allowed", got)
	}
	got := evaluate(t, c, ask("seats", 11))
	if got.Decision || got.Context.Clause != "quantity_exceeds_plan" || got.Context.NeedsPlan != "team" || got.Context.Limit == nil || *got.Context.Limit != 3 {
		t.Errorf("evaluation of 11 seats on free = %+v, want that there are 3, and team has enough", got)
	}
	for _, wrong := range []any{0, -1, 1.5, "3", true, nil, 1e300} {
		c.Do(t, "POST", "/access/v1/evaluation", ask("seats", wrong)).Refused(t, 422, "invalid_input")
	}
	q := evaluationOf(me, "chat:use", anything)
	q["context"] = object{"quantity": 1}
	c.Do(t, "POST", "/access/v1/evaluation", q).Refused(t, 422, "invalid_input")
}
