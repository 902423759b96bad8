package console_test

import (
	"context"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
	"github.com/seed-2a059015/gatehouse/testidp"
)

var traceID = regexp.MustCompile(`req_[0-9a-z]+`)

// enterAs signs alice in to acme with a role.
func (w *world) enterAs(tb testing.TB, role rbac.Role) *browser {
	tb.Helper()
	b := w.browser(tb)
	b.enterAcme().to(tb, "the sign-in", "/sessions")
	w.in(tb, w.acme, func(ctx context.Context, tx *db.TenantTx) error {
		m, err := tenants.MemberByEmail(ctx, tx, "alice@acme.test")
		if err == nil {
			_, err = tenants.SetRole(ctx, tx, m.ID, role)
		}
		return err
	})
	w.settled(tb, b, role)
	return b
}

// settled waits until the pages know of a role.
func (w *world) settled(tb testing.TB, b *browser, role rbac.Role) {
	tb.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(b.get("/").body, `<span class="tag">`+string(role)+`</span>`) {
			return
		}
	}
	tb.Fatalf("the home page never showed the role %s", role)
}

// fail signs alice in at a provider that lies, and returns the trace id of her error page.
func (w *world) fail(tb testing.TB, scenario string, reason sso.Reason) string {
	tb.Helper()
	p := w.idp.Provider("acme")
	for _, s := range testidp.Scenarios() {
		if s.ID == scenario {
			p.Misbehave(s.Fault(p))
		}
	}
	defer p.Behave()
	refused := w.browser(tb).enterAcme()
	refused.shows(tb, "the error page of the person", int(reason.Explain().Kind), string(reason), "Trace ID", "/sso/attempts?trace=req_")
	for _, inner := range []string{"Expected", "gatehouse</code>", reason.Explain().Hint, w.acme.Name} {
		if strings.Contains(refused.body, inner) {
			tb.Errorf("the error page shows %q, want the code and the trace id only", inner)
		}
	}
	return traceID.FindString(refused.body)
}

func TestAnAdministratorFindsTheCauseByTheTraceOfTheErrorPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.enterAs(t, rbac.Owner)
	trace := w.fail(t, "OIDC-049", sso.AudienceMismatch)

	found := owner.get("/sso/attempts?trace=" + trace)
	found.leads(t, "the look-up", "/sso/attempts/att_")
	attempt := found.location()
	owner.get(attempt).shows(t, "the attempt", http.StatusOK,
		"Sign-in refused", "audience_mismatch", "Failed at: Audience", "<code>gatehouse</code>", "The administrator of the identity provider",
		html.EscapeString(sso.AudienceMismatch.Explain().Text), "Stopped here", "Open what the provider sent", trace)
	owner.get("/sso/"+w.connection.ID.String()).shows(t, "the connection", http.StatusOK,
		"1 person failed since", "the provider&#39;s answer is for another application", "Required", "Acme Okta")
	owner.get("/sso").shows(t, "the list", http.StatusOK, "Acme Okta", "1 refused", "acme.test")
	owner.get("/sso/"+w.connection.ID.String()+"/attempts?outcome=refused&since=24h").shows(t, "the attempts", http.StatusOK, trace, "audience_mismatch")

	owner.post(attempt+"/document").shows(t, "the document", http.StatusOK, "<pre", "&#34;aud&#34;", "alice@acme.test")
	w.in(t, w.acme, func(ctx context.Context, tx *db.TenantTx) error {
		opened, err := events.List(ctx, tx, events.Filter{Type: events.DocumentOpened}, id.Event{}, 10)
		if len(opened) != 1 {
			t.Errorf("opening a document left %d events, want 1", len(opened))
		}
		return err
	})
}

func TestADryRunShowsTheWayBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.enterAs(t, rbac.Owner)
	page := "/sso/" + w.connection.ID.String()
	tested := owner.prove(w.idp.Provider("acme"), owner.post(page+"/test"), "alice")
	tested.shows(t, "the test", http.StatusOK, "The connection works", `href="`+page+`"`, `href="/sso/attempts/att_`)
	owner.get(page+"/attempts?outcome=test").shows(t, "the tests", http.StatusOK, "Test passed")
}

func TestButtonsOfAConnectionDoWhatTheySay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.enterAs(t, rbac.Owner)
	page := "/sso/" + w.connection.ID.String()

	owner.post(page+"/state", "to", "required").shows(t, "an unproven requirement", http.StatusConflict, "That was not done", sso.ErrUnproven.Detail)
	owner.get(page).shows(t, "the connection", http.StatusOK, "An owner has signed in", "A second person signs in through it", "1 of 2 people")
	owner.post(page+"/state", "to", "testing").to(t, "back to testing", page)
	owner.get(page).shows(t, "the connection in testing", http.StatusOK, "optional</del>", "testing</ins>")
	owner.post(page+"/state", "to", "draft").shows(t, "a state that nobody chooses", http.StatusBadRequest, "malformed_form")
	owner.post(page+"/disable").to(t, "the switch", page)
}

func TestTheWatchOfAConnectionNamesWhatWouldBeTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.enterAs(t, rbac.Owner)
	page := "/sso/" + w.connection.ID.String()
	watch := func() string {
		t.Helper()
		_, notice, there := strings.Cut(owner.get(page).body, `aria-labelledby="watch"`)
		if notice, _, _ = strings.Cut(notice, "</section>"); !there {
			return ""
		}
		return notice
	}
	w.reconfigure(t, func(d *sso.Draft) { d.Claims.Name = "nickname" })
	w.reconfigure(t, func(d *sso.Draft) { d.Name, d.JIT = "Acme at work", false })
	if got := watch(); !strings.Contains(got, "nickname") || strings.Contains(got, "Acme at work") {
		t.Errorf("after a harmless change the watch is %q, want the change that would be taken back", got)
	}
	w.force(t, "UPDATE connection_versions SET replaced_at = replaced_at - interval '25 hours'")
	if got := watch(); got != "" {
		t.Errorf("after its end the watch is %q, want none", got)
	}
}

// reconfigure saves acme's connection with something else than there is.
func (w *world) reconfigure(tb testing.TB, what func(*sso.Draft)) {
	tb.Helper()
	w.in(tb, w.acme, func(ctx context.Context, tx *db.TenantTx) error {
		c, err := sso.ConnectionByID(ctx, tx, w.connection.ID)
		if err != nil {
			return err
		}
		d := c.Draft()
		what(&d)
		prepared, err := w.signIn.Prepare(ctx, d)
		if err == nil {
			_, err = w.signIn.Update(ctx, tx, c.ID, prepared)
		}
		return err
	})
}

func TestPagesOfSingleSignOnAreForWhoMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := "/sso/" + w.connection.ID.String()
	w.browser(t).get(page).leads(t, "the page for nobody", "/login?return_to=")

	member := w.enterAs(t, rbac.Member)
	for _, path := range []string{"/sso", page, page + "/attempts", "/sso/attempts", "/sso/attempts/" + id.New[id.Attempt]().String()} {
		member.get(path).shows(t, path+" for a member", http.StatusForbidden, "role_lacks_permission")
	}
	if home := member.get("/").body; strings.Contains(home, `/sso"`) {
		t.Error("the home page offers single sign-on to a member who may not see it")
	}

	admin := w.enterAs(t, rbac.Admin)
	admin.get("/").shows(t, "the home page of an administrator", http.StatusOK, `href="/sso"`)
	admin.get(page).shows(t, "the page for an administrator", http.StatusOK, "Only an owner can do this.")
	trace := w.fail(t, "OIDC-049", sso.AudienceMismatch)
	attempt := admin.get("/sso/attempts?trace=" + trace).location()
	admin.post(attempt+"/document").shows(t, "the document for an administrator", http.StatusForbidden, tenants.ErrOwnerRequired.Code)
	for _, path := range []string{"/sso/" + id.New[id.Connection]().String(), "/sso/" + id.Google.String(), "/sso/con_x", "/sso/attempts/" + id.New[id.Attempt]().String()} {
		admin.get(path).shows(t, path, http.StatusNotFound, "There is no such page")
	}
	admin.get("/sso/attempts?trace=req_none").shows(t, "an unknown trace", http.StatusOK, "No attempt has this trace ID")
}

func TestAnOldProofIsAskedForAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.enterAs(t, rbac.Owner)
	trace := w.fail(t, "OIDC-049", sso.AudienceMismatch)
	attempt := owner.get("/sso/attempts?trace=" + trace).location()
	w.age(t)
	owner.post(attempt+"/document").shows(t, "an old proof", http.StatusUnauthorized, "Confirm that it is you", `value="`+attempt+`"`)
	back := owner.prove(w.idp.Provider("acme"), owner.post("/reauthenticate", "return_to", attempt), "alice")
	back.to(t, "the fresh proof", attempt)
	owner.post("/reauthenticate", "return_to", "https://evil.example/").leads(t, "a return to another site", w.idp.Provider("acme").URL())
}

// age makes the sign-ins of acme's sessions an hour old.
func (w *world) age(tb testing.TB) {
	tb.Helper()
	w.in(tb, w.acme, func(ctx context.Context, tx *db.TenantTx) error {
		tx.Changed("tenant", w.acme.ID)
		return tx.DB.WithContext(ctx).Exec("UPDATE sessions SET auth_time = auth_time - interval '1 hour' WHERE tenant_id = ?", tx.Tenant).Error
	})
	time.Sleep(100 * time.Millisecond)
}
