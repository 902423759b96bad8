package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

// rules reads the routing rules of acme again.
func (w *world) rules(tb testing.TB) (list []sso.Rule) {
	tb.Helper()
	w.in(tb, w.acme, func(ctx context.Context, tx *db.TenantTx) (err error) {
		list, err = sso.Rules(ctx, tx)
		return err
	})
	return list
}

// inWords says for whom rules are, in their order.
func inWords(rules []sso.Rule) string {
	var all []string
	for _, r := range rules {
		all = append(all, strings.Join(append(r.Emails, r.Domain), "+"))
	}
	return strings.Join(all, "|")
}

func TestRoutingRulesAreAddedOrderedAndRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := w.acmeSAML(t)
	b := w.browser(t)
	b.enterOwner()
	const page = "/sso/routing"
	b.get("/sso").shows(t, "the list", http.StatusOK, `href="`+page+`"`)
	b.get(page).shows(t, "the page", http.StatusOK, "No rules yet", "Acme Okta", "Acme SAML", `value="acme.test"`)

	b.post(page, "whom", "domain", "domain", "acme.test", "connection", w.connection.ID.String()).to(t, "a rule for a domain", page)
	b.post(page, "whom", "emails", "domain", "acme.test", "emails", "Alice@acme.test\r\nbob@acme.test, carl@acme.test", "connection", second.ID.String()).to(t, "a rule for addresses", page)
	b.post(page, "whom", "everybody", "domain", "acme.test", "connection", second.ID.String()).to(t, "a rule for everybody else", page)
	rules := w.rules(t)
	if got, want := inWords(rules), "acme.test|alice@acme.test+bob@acme.test+carl@acme.test+|"; got != want || rules[1].ConnectionID != second.ID {
		t.Fatalf("the rules are %s, want %s", got, want)
	}
	b.get(page).shows(t, "the rules", http.StatusOK, "1. acme.test", "2. alice@acme.test, bob@acme.test, carl@acme.test", "3. Everybody else", "Not open to everybody: the rule is passed over.")

	b.post(page+"/move", "rule", rules[1].ID.String(), "to", "up").to(t, "a rule up", page)
	b.post(page+"/move", "rule", rules[1].ID.String(), "to", "up").to(t, "the first rule up", page)
	b.post(page+"/move", "rule", rules[0].ID.String(), "to", "down").to(t, "a rule down", page)
	if got, want := inWords(w.rules(t)), "alice@acme.test+bob@acme.test+carl@acme.test+||acme.test"; got != want {
		t.Errorf("the rules are %s, want %s", got, want)
	}
	b.post(page+"/remove", "rule", rules[0].ID.String()).to(t, "a rule away", page)
	b.post(page+"/remove", "rule", rules[0].ID.String()).shows(t, "the same rule away again", http.StatusNotFound, "Somebody has taken this rule away meanwhile", "1. alice")
	if got, want := inWords(w.rules(t)), "alice@acme.test+bob@acme.test+carl@acme.test+|"; got != want {
		t.Errorf("the rules are %s, want %s", got, want)
	}
}

func TestARuleThatCannotBeUsedIsSaidBesideItsField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.enterOwner()
	const page = "/sso/routing"
	connection := w.connection.ID.String()
	b.post(page, "whom", "everybody", "connection", connection).to(t, "a rule for everybody else", page)
	b.post(page, "whom", "everybody", "connection", connection).shows(t, "another one", http.StatusUnprocessableEntity, "Nothing was changed", "speaks of the same people")
	b.post(page, "whom", "emails", "emails", "x@elsewhere.test", "connection", connection).
		shows(t, "a foreign address", http.StatusUnprocessableEntity, `href="#emails"`, `aria-invalid="true"`, "x@elsewhere.test</textarea>")
	b.post(page, "whom", "emails", "emails", " \n", "connection", connection).shows(t, "no address", http.StatusUnprocessableEntity, "Name at least one address.")
	b.post(page, "whom", "domain", "domain", "globex.test", "connection", connection).shows(t, "a foreign domain", http.StatusUnprocessableEntity, `href="#domain"`)
	b.post(page, "whom", "domain", "domain", "", "connection", connection).shows(t, "no domain", http.StatusBadRequest, "malformed_form")
	b.post(page, "whom", "groups", "connection", connection).shows(t, "another kind", http.StatusBadRequest, "malformed_form")
	b.post(page+"/move", "rule", w.rules(t)[0].ID.String(), "to", "away").shows(t, "a move to nowhere", http.StatusBadRequest, "malformed_form")
	if got := len(w.rules(t)); got != 1 {
		t.Errorf("there are %d rules, want 1", got)
	}
}

func TestRoutingIsForWhoMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const page = "/sso/routing"
	connection := w.connection.ID.String()
	var rule sso.Rule
	w.in(t, w.acme, func(ctx context.Context, tx *db.TenantTx) error {
		rules, err := sso.ReplaceRules(ctx, tx, []sso.Rule{{Domain: "acme.test", ConnectionID: w.connection.ID}})
		rule = rules[0]
		return err
	})
	posts := [][]string{
		{"", "whom", "everybody", "connection", connection},
		{"/move", "rule", rule.ID.String(), "to", "up"},
		{"/remove", "rule", rule.ID.String()},
	}
	w.browser(t).get(page).leads(t, "the page for nobody", "/login?return_to=")
	member := w.enterAs(t, rbac.Member)
	member.get(page).shows(t, "the page for a member", http.StatusForbidden, "role_lacks_permission")
	stranger := w.stranger(t)
	stranger.get(page).shows(t, "another tenant's page", http.StatusOK, "No rules yet")
	stranger.post(page, posts[0][1:]...).shows(t, "a rule to another tenant's connection", http.StatusUnprocessableEntity, "There is no such connection.")
	owner := w.browser(t)
	owner.enterOwner()
	for _, p := range posts {
		member.post(page+p[0], p[1:]...).shows(t, p[0]+" by a member", http.StatusForbidden, "role_lacks_permission")
		owner.postFrom("cross-site", page+p[0], p[1:]...).shows(t, p[0]+" from another site", http.StatusForbidden, "cross_site")
	}
	for _, p := range posts[1:] {
		stranger.post(page+p[0], p[1:]...).shows(t, p[0]+" by another tenant's owner", http.StatusNotFound, "Nothing was changed")
	}
	admin := w.enterAs(t, rbac.Admin)
	w.age(t)
	admin.get(page).shows(t, "the page with an old proof", http.StatusOK, "Sign in once more before you go on")
	for _, p := range posts {
		admin.post(page+p[0], p[1:]...).shows(t, p[0]+" with an old proof", http.StatusForbidden, "Confirm that it is you", `value="`+page+`"`)
	}
	if rules := w.rules(t); len(rules) != 1 || rules[0].ID != rule.ID {
		t.Errorf("after nothing but refusals the rules are %+v, want the one of before", rules)
	}
	owner.post(page+"/remove", "rule", id.New[id.RoutingRule]().String()).shows(t, "an unknown rule", http.StatusNotFound, "1. acme.test")
}
