package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/seed-2a059015/gatehouse"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/internal/testdns"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// domainBody is what the API says of a domain.
type domainBody struct {
	ID         string `json:"id"`
	Domain     string `json:"domain"`
	Status     string `json:"status"`
	VerifiedBy string `json:"verified_by"`
	LastResult string `json:"last_result"`
	GivesUpAt  string `json:"gives_up_at"`
	Challenge  struct{ Type, Name, Value string }
}

func startWithDNS(t *testing.T) (*apitest.Server, *testdns.Server) {
	t.Helper()
	server := testdns.Start(t)
	return apitest.Start(t, func(c *gatehouse.Config) { c.DNSResolver = server.Addr }), server
}

func TestDOM_02_ADomainIsProvedOverTheAPI(t *testing.T) {
	t.Parallel()
	s, names := startWithDNS(t)
	p := newPlace(t, s)
	admin := s.Bearer(s.Session(t, p.tenant, rbac.Admin))
	var d domainBody
	admin.Do(t, "POST", "/v1/domains", map[string]any{"domain": "Corp.Example"}).Want(t, 201).JSON(t, &d)
	if d.Domain != "corp.example" || d.Status != "pending" || d.GivesUpAt == "" || d.Challenge.Type != "TXT" || d.Challenge.Name != "_gatehouse-challenge.corp.example" {
		t.Errorf("POST /v1/domains = %+v, want the record that proves it", d)
	}
	check := func() (got domainBody) {
		t.Helper()
		admin.Do(t, "POST", "/v1/domains/"+d.ID+"/check", nil).Want(t, 200).JSON(t, &got)
		return got
	}
	if got := check(); got.Status != "pending" || got.LastResult != "missing" || got.Challenge != d.Challenge {
		t.Errorf("check without the record = %+v, want it missing", got)
	}
	names.Fail(dns.RcodeServerFailure)
	if got := check(); got.Status != "pending" || got.LastResult != "unreachable" {
		t.Errorf("check without a DNS = %+v, want it unreachable", got)
	}
	names.Fail(dns.RcodeSuccess)
	names.Set(d.Challenge.Name, d.Challenge.Value)
	if got := check(); got.Status != "verified" || got.VerifiedBy != "dns" || got.GivesUpAt != "" {
		t.Errorf("check with the record = %+v, want it verified", got)
	}
	var list struct{ Items []domainBody }
	admin.Do(t, "GET", "/v1/domains", nil).Want(t, 200).JSON(t, &list)
	if len(list.Items) != 2 || list.Items[1].Status != "verified" {
		t.Errorf("GET /v1/domains = %+v, want the new one among them", list.Items)
	}
	admin.Do(t, "POST", "/v1/domains", map[string]any{"domain": "corp.example"}).Refused(t, 409, "domain_exists")
	for _, bad := range []string{"gmail.com", "co.uk", "gma\u0131l.com", "https://corp.example", ""} {
		admin.Do(t, "POST", "/v1/domains", map[string]any{"domain": bad}).Refused(t, 422, "invalid_input")
	}
}

func TestDOM_05_AnotherTenantsDomainIsUnavailableAndSaysNotWhose(t *testing.T) {
	t.Parallel()
	s, names := startWithDNS(t)
	holder, late := newPlace(t, s), newPlace(t, s)
	var d domainBody
	c := s.Bearer(late.caller)
	c.Do(t, "POST", "/v1/domains", map[string]any{"domain": holder.tenant.Domain}).Want(t, 201).JSON(t, &d) // says nothing yet
	names.Set(d.Challenge.Name, d.Challenge.Value)
	got := c.Do(t, "POST", "/v1/domains/"+d.ID+"/check", nil)
	got.Refused(t, 409, "domain_unavailable")
	for _, name := range []string{holder.tenant.Slug + `"`, holder.tenant.ID.String(), holder.tenant.Name} {
		if strings.Contains(string(got.Text), name) {
			t.Errorf("the refusal names %s: %s", name, got.Text)
		}
	}
	c.Do(t, "GET", "/v1/domains/"+d.ID, nil).Want(t, 200).JSON(t, &d)
	if d.Status != "pending" || d.LastResult != "unavailable" {
		t.Errorf("the domain = %+v, want what was found to be remembered", d)
	}
}

func TestAVerifiedDomainIsRemovedByAPersonWhoIsSure(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	p := newPlace(t, s)
	var list struct{ Items []domainBody }
	s.Bearer(p.caller).Do(t, "GET", "/v1/domains", nil).Want(t, 200).JSON(t, &list)
	path := "/v1/domains/" + list.Items[0].ID
	before := s.SnapshotOf(t, p.tenant.ID)
	s.Bearer(s.Session(t, p.tenant, rbac.Admin, apitest.SignedInAgo(time.Hour))).Do(t, "DELETE", path, nil).Refused(t, 403, "reauth_required")
	s.Machine(s.APIKey(t, p.tenant, rbac.Admin)).Do(t, "DELETE", path, nil).Refused(t, 403, "session_required")
	if changed := before.Changed(s.SnapshotOf(t, p.tenant.ID), "api_keys", "sessions", "events", "refresh_tokens"); changed != "" {
		t.Errorf("a refusal changed rows:\n%s", changed)
	}
	s.Bearer(s.Session(t, p.tenant, rbac.Owner, apitest.SignedInAgo(time.Hour))).Do(t, "DELETE", path, nil).Want(t, 204)
	s.Bearer(p.caller).Do(t, "GET", path, nil).Refused(t, 404, "not_found")
}
