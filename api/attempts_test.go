package api_test

import (
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

func TestAnAdministratorFindsWhyAColleagueWasRefused(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	attempt, trace := p.tenant.Refuse(t)
	admin := s.Bearer(s.Session(t, p.tenant, rbac.Admin))
	type row struct {
		ID, Reason, Expected, Got, Fixer, Hint, Source, Stage, Email string
		ProviderHint                                                 string `json:"provider_hint"`
		Checks                                                       []struct {
			Name string
			OK   bool
		}
		Document bool
	}
	var list struct{ Items []row }
	admin.Do(t, "GET", "/v1/sign-ins?outcome=refused&trace="+trace, nil).Want(t, 200).JSON(t, &list)
	if len(list.Items) != 1 || list.Items[0].ID != attempt.String() {
		t.Fatalf("the trace %s finds %+v, want %s", trace, list.Items, attempt)
	}
	var one row
	admin.Do(t, "GET", "/v1/sign-ins/"+attempt.String(), nil).Want(t, 200).JSON(t, &one)
	if one.Reason != "link_required" || one.Fixer != "person" || one.Source != "sp" || one.Stage != "verified" || one.Hint == "" ||
		one.Email != "member@"+p.tenant.Domain || one.Got != "member@"+p.tenant.Domain || one.Expected == "" || !one.Document {
		t.Errorf("the attempt = %+v", one)
	}
	if last := one.Checks[len(one.Checks)-1]; last.OK || last.Name != "member" || len(one.Checks) < 10 {
		t.Errorf("checks = %+v, want all of them, and that of the member failed", one.Checks)
	}
	var causes struct {
		Causes []struct {
			Reason, Sentence string
			People           int
		}
	}
	admin.Do(t, "GET", "/v1/sign-ins/causes", nil).Want(t, 200).JSON(t, &causes)
	if len(causes.Causes) != 1 || causes.Causes[0].People != 1 || !strings.HasPrefix(causes.Causes[0].Sentence, "1 person failed since ") {
		t.Errorf("causes = %+v", causes)
	}
	for _, query := range []string{"trace=req_another", "outcome=succeeded", "reason=audience_mismatch", "source=idp", "since=2100-01-01T00:00:00Z"} {
		var none struct{ Items []row }
		if admin.Do(t, "GET", "/v1/sign-ins?"+query, nil).Want(t, 200).JSON(t, &none); len(none.Items) != 0 {
			t.Errorf("?%s finds %d attempts, want none", query, len(none.Items))
		}
	}

	admin.Do(t, "POST", "/v1/sign-ins/"+attempt.String()+"/document", nil).Refused(t, 403, "owner_required")
	var document struct{ Kind, Text string }
	s.Bearer(p.caller).Do(t, "POST", "/v1/sign-ins/"+attempt.String()+"/document", nil).Want(t, 200).JSON(t, &document)
	if document.Kind != "id_token" || !strings.Contains(document.Text, `"aud"`) {
		t.Errorf("document = %+v, want the claims of the ID token", document)
	}
	stranger := s.NewTenant(t, billing.Enterprise)
	for _, path := range []string{"", "/document"} {
		method := "GET"
		if path != "" {
			method = "POST"
		}
		s.Bearer(s.Session(t, stranger, rbac.Owner)).Do(t, method, "/v1/sign-ins/"+attempt.String()+path, nil).Refused(t, 404, "not_found")
	}
}
