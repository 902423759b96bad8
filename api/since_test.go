package api_test

import (
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

func TestAnAnswerIsFromTheVersionThatIsAskedFor(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p, other := newPlace(t, s), newPlace(t, s)
	owner := p.Bearer(p.Session(t, p.tenant, rbac.Owner))
	session := p.Session(t, p.tenant, rbac.Viewer)
	viewer, member := p.Bearer(session), session.Member.ID.String()
	for _, step := range []struct {
		role    string
		allowed bool
	}{{"admin", true}, {"viewer", false}, {"admin", true}} {
		version := owner.Do(t, "PATCH", "/v1/members/"+member, map[string]any{"role": step.role}).Want(t, 200).Header.Get("Gatehouse-Version")
		if version == "" {
			t.Fatal("the answer to a change has no Gatehouse-Version")
		}
		check := map[string]any{"permission": "members:write", "min_version": version}
		var one struct {
			Allowed bool `json:"allowed"`
		}
		viewer.Do(t, "POST", "/v1/check", check).Want(t, 200).JSON(t, &one)
		var batch struct {
			Decisions []struct {
				Allowed bool `json:"allowed"`
			} `json:"decisions"`
		}
		plain := map[string]any{"permission": "members:write"}
		viewer.Do(t, "POST", "/v1/check/batch", map[string]any{"checks": []any{plain}, "min_version": version}).Want(t, 200).JSON(t, &batch)
		var header struct {
			Allowed bool `json:"allowed"`
		}
		viewer.With("If-Gatehouse-Version", version).Do(t, "POST", "/v1/check", plain).Want(t, 200).JSON(t, &header)
		var standard struct {
			Decision bool `json:"decision"`
		}
		owner.Do(t, "POST", "/access/v1/evaluation", map[string]any{
			"subject": map[string]any{"type": "member", "id": member}, "action": map[string]any{"name": "members:write"},
			"resource": map[string]any{"type": "x", "id": "y"}, "context": map[string]any{"min_version": version},
		}).Want(t, 200).JSON(t, &standard)
		if got := []bool{one.Allowed, batch.Decisions[0].Allowed, header.Allowed, standard.Decision}; got[0] != step.allowed ||
			got[1] != step.allowed || got[2] != step.allowed || got[3] != step.allowed {
			t.Errorf("as %s: check, batch, header, evaluation = %v, want all %t", step.role, got, step.allowed)
		}
		viewer.Do(t, "POST", "/v1/check/batch", map[string]any{"checks": []any{check}}).Refused(t, 422, "invalid_input")
		other.Bearer(other.caller).Do(t, "POST", "/v1/check", check).Refused(t, 422, "version_unknown")
	}
	for _, bad := range []string{"17", "garbage"} {
		viewer.Do(t, "POST", "/v1/check", map[string]any{"permission": "chat:use", "min_version": bad}).Refused(t, 422, "version_unknown")
		viewer.With("If-Gatehouse-Version", bad).Do(t, "GET", "/v1/me", nil).Refused(t, 422, "version_unknown")
	}
	if v := viewer.Do(t, "POST", "/v1/check", map[string]any{"permission": "chat:use"}).Want(t, 200).Header.Get("Gatehouse-Version"); v != "" {
		t.Errorf("an answer that changes nothing has the version %q", v)
	}
}
