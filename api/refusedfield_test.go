package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// Whoever is refused reads which member is wrong, and not another that is of the same kind.
func TestARefusedUseNamesTheMemberThatIsWrong(t *testing.T) {
	t.Parallel()
	s := startWithMeters(t)
	tenant := s.NewTenant(t, billing.Free)
	c := s.Machine(s.APIKey(t, tenant, rbac.Admin))
	long, huge := strings.Repeat("x", 256), int64(1_000_000_000_000_000)
	made := checkMeter(t, c, body{"meter": "ai.calls"})
	names := func(a *apitest.Answer, what, field string) {
		t.Helper()
		if p := a.Refused(t, http.StatusUnprocessableEntity, "invalid_input"); len(p.Fields) != 1 || p.Fields[0].Name != field {
			t.Errorf("%s: fields = %v, want %s", what, p.Fields, field)
		}
	}
	for field, in := range map[string]body{
		"model": {"model": long}, "feature": {"feature": long}, "route": {"route": long}, "currency": {"cost": 1, "currency": long}, "quantity": {"quantity": huge},
		"cost": {"cost": huge, "currency": "USD"}, "input_tokens": {"input_tokens": huge}, "output_tokens": {"output_tokens": huge}, "cached_tokens": {"cached_tokens": huge},
	} {
		names(c.Do(t, http.MethodPost, settlePath(made), in), "settle with a wrong "+field, field)
		in["id"], in["meter"] = "a", "ai.calls"
		var out struct {
			Events []struct{ Code, Detail string }
		}
		c.Do(t, http.MethodPost, "/v1/usage", in).Want(t, http.StatusOK).JSON(t, &out)
		if field != "currency" && (len(out.Events) != 1 || !strings.HasPrefix(out.Events[0].Detail, field+": ")) {
			t.Errorf("POST /v1/usage with a wrong %s = %+v, want it to name that", field, out.Events)
		}
	}
	for field, in := range map[string]body{"model": {"model": long}, "currency": {"cost": 1, "currency": long}} {
		in["meter"], in["record"] = "ai.calls", "answer-1"
		names(c.Do(t, http.MethodPost, "/v1/check", in), "check with a wrong "+field, field)
	}
	if p := c.Do(t, http.MethodPost, "/v1/check", body{}).Refused(t, http.StatusUnprocessableEntity, "invalid_input"); len(p.Fields) != 1 || !strings.Contains(p.Fields[0].Detail, "a meter") {
		t.Errorf("check of nothing: fields = %v, want one that says what can be asked", p.Fields)
	}
	wantRows(t, s, tenant, "uses that are wrong")
}
