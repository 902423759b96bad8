package openapi_test

import (
	"context"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-2a059015/gatehouse/api/openapi"
	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/page"
	"github.com/seed-2a059015/gatehouse/internal/ratelimit"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

type memberOut struct {
	ID   id.Membership `json:"id"`
	Name *string       `json:"name,omitzero" doc:"As the tenant knows it"`
	Role string        `json:"role" enum:"admin,viewer"`
}

type innerIn struct {
	Secret secret.Text `json:"secret,omitzero"`
}

type setRoleIn struct {
	Member id.Membership `path:"member" json:"-"`
	Role   string        `json:"role"`
	Inner  *innerIn      `json:"inner,omitzero"`
}

type listIn struct {
	Limit int `query:"limit" json:"-" doc:"At most 200"`
}

func list(context.Context, *db.TenantTx, listIn) (page.Page[memberOut], error) {
	return page.Page[memberOut]{}, nil
}

func set(context.Context, *db.TenantTx, setRoleIn) (memberOut, error) { return memberOut{}, nil }

// describe loads the document of two rows that are named in the registry.
func describe(t *testing.T) (*openapi3.T, string) {
	t.Helper()
	text, err := openapi.Describe(openapi.Source{Codes: []string{"not_found"}, Table: web.Table{
		web.Get("/v1/members", rbac.MembersRead, web.Tenant(list)).Doc("List"),
		web.Patch("/v1/members/{member}", rbac.MembersWrite, web.Tenant(set)).Needs(billing.SSO).SessionOnly().Limit(ratelimit.PerMinute(3)).Doc("Set"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Errorf("the document is not valid: %v", err)
	}
	return doc, string(text)
}

func TestSchemasSayWhatTypesMean(t *testing.T) {
	t.Parallel()
	doc, _ := describe(t)
	schema := func(name string) *openapi3.Schema {
		s := doc.Components.Schemas[name]
		if s == nil {
			t.Fatalf("there is no component %s", name)
		}
		return s.Value
	}
	if got := schema("MembershipID"); !got.Type.Is("string") || !strings.HasPrefix(got.Pattern, "^mem_") {
		t.Errorf("an id is %v with the pattern %q, want a string that begins with mem_", got.Type, got.Pattern)
	}
	if got := schema("Secret"); got.Format != "password" || !got.WriteOnly {
		t.Errorf("a secret has the format %q and writeOnly %v, want password and true", got.Format, got.WriteOnly)
	}
	for _, name := range []string{"SetRoleInput", "InnerInput"} {
		if got := schema(name).AdditionalProperties.Has; got == nil || *got {
			t.Errorf("%s takes members that it does not name", name)
		}
	}
	member := schema("Member")
	if got := strings.Join(member.Required, " "); got != "id role" {
		t.Errorf("Member requires %q, want what is not omitted: id role", got)
	}
	if got := member.Properties["name"].Value; !got.Type.Is("string") || got.Description != "As the tenant knows it" {
		t.Errorf("an optional name is %v %q, want a string, never null, with its description", got.Type, got.Description)
	}
	if items := schema("MemberPage").Properties["items"].Value.Items.Ref; items != "#/components/schemas/Member" {
		t.Errorf("a page of members has items %q", items)
	}
}

func TestOperationsSayWhoMay(t *testing.T) {
	t.Parallel()
	doc, text := describe(t)
	op := doc.Paths.Value("/v1/members/{member}").Patch
	for name, want := range map[string]any{
		"permission": "members:write", "feature": "sso", "session-only": true, "limit": "3/min",
	} {
		if got := op.Extensions["x-gatehouse-"+name]; got != want {
			t.Errorf("x-gatehouse-%s = %v, want %v", name, got, want)
		}
	}
	if n := len(*op.Security); n != 2 {
		t.Errorf("a row for sessions takes %d credentials, want 2: cookies and bearer tokens", n)
	}
	if n := len(*doc.Paths.Value("/v1/members").Get.Security); n != 3 {
		t.Errorf("a row takes %d credentials, want 3", n)
	}
	for _, status := range []int{400, 401, 403, 404, 409, 422, 429} {
		if op.Responses.Status(status) == nil {
			t.Errorf("the refusal %d is not described", status)
		}
	}
	if strings.Index(text, "id:") > strings.Index(text, "role:") {
		t.Error("members are not in the order of their fields")
	}
}

func TestWhatIsNotNamedIsAnError(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]openapi.Source{
		"an unnamed row":    {Codes: []string{"a"}, Table: web.Table{web.Get("/v1/elsewhere", rbac.MembersRead, web.Tenant(list))}},
		"an unknown answer": {Codes: []string{"a"}, Table: web.Table{web.Post("/v1/connections/{connection}/test", rbac.MembersRead, web.Raw(nil))}},
		"no codes":          {},
	} {
		if _, err := openapi.Describe(source); err == nil {
			t.Errorf("Describe(%s) reports no error", name)
		}
	}
}
