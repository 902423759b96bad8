package sso_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/rbac"
	"github.com/seed-2a059015/gatehouse/sso"
)

// ruled is a company with rules for three of its addresses, a to c.
func ruled(tb testing.TB, w *world) *company {
	tb.Helper()
	c := w.company(tb)
	var rules []sso.Rule
	for _, name := range []string{"a", "b", "c"} {
		rules = append(rules, sso.Rule{Emails: []string{name + "@" + c.domain}, ConnectionID: c.connection.ID})
	}
	c.rules(tb, rules...)
	return c
}

func (c *company) ruleList(tb testing.TB) (list []sso.Rule) {
	tb.Helper()
	c.inTenant(tb, func(ctx context.Context, tx *db.TenantTx) (err error) {
		list, err = sso.Rules(ctx, tx)
		return err
	})
	return list
}

// order names the rules by the addresses of which they speak.
func (c *company) order(tb testing.TB) (names string) {
	tb.Helper()
	for _, r := range c.ruleList(tb) {
		switch {
		case len(r.Emails) > 0:
			names += r.Emails[0][:1]
		case r.Domain != "":
			names += "+"
		default:
			names += "*"
		}
	}
	return names
}

type ruleChange func(context.Context, *db.TenantTx, id.RoutingRule) error

// changes are all that can be done to the rules one by one.
func (c *company) ruleChanges() map[string]ruleChange {
	return map[string]ruleChange{
		"AddRule": func(ctx context.Context, tx *db.TenantTx, _ id.RoutingRule) error {
			return sso.AddRule(ctx, tx, sso.Rule{Emails: []string{"d@" + c.domain}, ConnectionID: c.connection.ID})
		},
		"RaiseRule": sso.RaiseRule, "LowerRule": sso.LowerRule, "RemoveRule": sso.RemoveRule,
	}
}

func (c *company) changeRule(ctx context.Context, do ruleChange, which id.RoutingRule) error {
	return c.db.Tenant(ctx, c.tenant.ID, func(tx *db.TenantTx) error { return do(ctx, tx, which) })
}

func TestRulesChangeOneByOne(t *testing.T) {
	t.Parallel()
	c := ruled(t, newWorld(t))
	owner, first := c.as(t, c.owner), c.ruleList(t)
	a, third := first[0].ID, first[2].ID
	step := func(name string, which id.RoutingRule, want string) {
		t.Helper()
		if err := c.changeRule(owner, c.ruleChanges()[name], which); err != nil {
			t.Fatalf("%s = %v, want no error", name, err)
		}
		if got := c.order(t); got != want {
			t.Errorf("after %s the order is %q, want %q", name, got, want)
		}
	}
	step("RaiseRule", third, "acb")
	step("RaiseRule", third, "cab")
	step("RaiseRule", third, "cab")
	step("LowerRule", a, "cba")
	step("LowerRule", a, "cba")
	step("AddRule", id.RoutingRule{}, "cbad")
	step("RemoveRule", third, "bad")
	if got := c.ruleList(t)[1]; got.ID != a || !got.CreatedAt.Equal(first[0].CreatedAt) {
		t.Errorf("a rule that was moved is %v of %v, want %v of %v", got.ID, got.CreatedAt, a, first[0].CreatedAt)
	}
}

func TestWhoMayNotRouteChangesNoRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := ruled(t, w)
	before := c.ruleList(t)
	admin := authn.From(c.as(t, c.join(t, "admin", rbac.Admin)))
	yesterday := *admin
	yesterday.AuthTime = yesterday.AuthTime.Add(-24 * time.Hour)
	held, _ := c.holder(t, sso.NewSetupLink{})
	for who, test := range map[string]struct {
		ctx  context.Context
		want string
	}{
		"an administrator of yesterday":   {authn.With(visitor(t), &yesterday), "reauth_required"},
		"who holds a set-up link":         {authn.With(visitor(t), held.Principal()), "forbidden"},
		"nobody that is known, by no way": {visitor(t), "forbidden"},
	} {
		for name, do := range c.ruleChanges() {
			if err := c.changeRule(test.ctx, do, before[1].ID); errs.CodeOf(err) != test.want {
				t.Errorf("%s by %s = %v, want %s", name, who, err, test.want)
			}
		}
		err := c.db.Tenant(test.ctx, c.tenant.ID, func(tx *db.TenantTx) error { return second(sso.ReplaceRules(test.ctx, tx, nil)) })
		if errs.CodeOf(err) != test.want {
			t.Errorf("ReplaceRules by %s = %v, want %s", who, err, test.want)
		}
	}
	if diff := cmp.Diff(fmt.Sprint(before), fmt.Sprint(c.ruleList(t))); diff != "" {
		t.Errorf("the rules changed (-before +after):\n%s", diff)
	}
	if err := c.changeRule(authn.With(visitor(t), admin), sso.LowerRule, before[0].ID); err != nil {
		t.Errorf("LowerRule by an administrator of just now = %v, want no error", err)
	}
}

func TestXT_36_RulesOfAnotherTenantAreNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, other := ruled(t, w), ruled(t, w)
	mine, theirs := c.ruleList(t), other.ruleList(t)
	for name, do := range c.ruleChanges() {
		if name == "AddRule" {
			continue
		}
		for whose, which := range map[string]id.RoutingRule{"another tenant's": theirs[1].ID, "an unknown one": id.New[id.RoutingRule](), "none": {}} {
			if err := c.changeRule(c.as(t, c.owner), do, which); errs.As(err).Kind != errs.Missing {
				t.Errorf("%s of %s = %v, want not found", name, whose, err)
			}
		}
	}
	for what, rule := range map[string]sso.Rule{
		"another tenant's connection": {ConnectionID: other.connection.ID},
		"another tenant's domain":     {Domain: other.domain, ConnectionID: c.connection.ID},
		"another tenant's address":    {Emails: []string{"a@" + other.domain}, ConnectionID: c.connection.ID},
	} {
		add := func(ctx context.Context, tx *db.TenantTx, _ id.RoutingRule) error { return sso.AddRule(ctx, tx, rule) }
		err := c.changeRule(c.as(t, c.owner), add, id.RoutingRule{})
		if e := errs.As(err); e.Kind != errs.Invalid || len(e.Fields) != 1 || e.Fields[0].Name != "rules[3]" {
			t.Errorf("AddRule of %s = %v, want the field rules[3]", what, err)
		}
	}
	if diff := cmp.Diff(fmt.Sprint(mine, theirs), fmt.Sprint(c.ruleList(t), other.ruleList(t))); diff != "" {
		t.Errorf("rules changed (-before +after):\n%s", diff)
	}
}

func TestRulesThatChangeAtOnceAllCount(t *testing.T) {
	t.Parallel()
	c := ruled(t, newWorld(t))
	third, owner := c.ruleList(t)[2].ID, c.as(t, c.owner)
	var wg sync.WaitGroup
	failed := make([]error, 6)
	for i := range failed {
		do := c.ruleChanges()["AddRule"]
		if i < 2 {
			do = sso.RaiseRule
		}
		wg.Go(func() { failed[i] = c.changeRule(owner, do, third) })
	}
	wg.Wait()
	if err := errors.Join(failed...); err != nil {
		t.Fatalf("two raised and four added at once = %v, want no error", err)
	}
	if got := c.order(t); got != "cabdddd" {
		t.Errorf("after two raised the last of three rules at once, and four were added, the order is %q, want %q", got, "cabdddd")
	}
	var places []int64
	for _, r := range c.ruleList(t) {
		places = append(places, r.Position)
	}
	if want := []int64{0, 1, 2, 3, 4, 5, 6}; !slices.Equal(places, want) {
		t.Errorf("the places are %v, want %v", places, want)
	}
}

// Who has given a domain back has to be able to tidy up after it, rule by rule.
func TestRulesOfADomainThatIsGoneAreInNobodysWay(t *testing.T) {
	t.Parallel()
	c := ruled(t, newWorld(t))
	c.rules(t, append(c.ruleList(t), sso.Rule{Domain: c.domain, ConnectionID: c.connection.ID})...)
	if tag, err := c.admin.Exec(t.Context(), "DELETE FROM domains WHERE domain = $1", c.domain); err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("take the domain away = %v, %v, want one row", tag, err)
	}
	owner, list := c.as(t, c.owner), c.ruleList(t)
	everybody := func(ctx context.Context, tx *db.TenantTx, _ id.RoutingRule) error {
		return sso.AddRule(ctx, tx, sso.Rule{ConnectionID: c.connection.ID})
	}
	for _, do := range []ruleChange{sso.LowerRule, sso.RemoveRule, everybody} {
		if err := c.changeRule(owner, do, list[0].ID); err != nil {
			t.Errorf("a change of the rules of a domain that is gone = %v, want no error", err)
		}
	}
	if err := c.changeRule(owner, everybody, id.RoutingRule{}); errs.As(err).Kind != errs.Invalid {
		t.Errorf("AddRule for everybody, twice = %v, want invalid input", err)
	}
	if got := c.order(t); got != "bc+*" {
		t.Errorf("the order is %q, want %q", got, "bc+*")
	}
}
