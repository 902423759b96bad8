package rbac_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"

	"github.com/seed-2a059015/gatehouse/rbac"
)

// A subject that is called like a role is nobody: the prefix keeps the names apart, and only roles are subjects.
func TestCAS_01_SubjectNamedLikeARole(t *testing.T) {
	t.Parallel()
	policy := policyOf(t, product())
	engine := engineOf(t, policy)
	for _, subject := range []rbac.Role{"r:owner", "u:owner", " owner", "Owner", "r:r:owner", "t:team"} {
		if allowed, err := engine.Enforce(subject, team, rbac.TenantDelete); allowed || err != nil {
			t.Errorf("Enforce(%q) = %v, %v, want a refusal", subject, allowed, err)
		}
	}
	for _, line := range []rbac.Line{{"g", "owner", "r:owner"}, {"g", "u:owner", "r:owner"}, {"p", "owner", "tenant:read", "t:free"}} {
		refuseLine(t, policy, line)
	}
}

func TestCAS_02_WildcardDomain(t *testing.T) {
	t.Parallel()
	policy := policyOf(t, product())
	for _, line := range []rbac.Line{
		{"g", "r:viewer", "r:owner", "*"},
		{"g", "r:*", "r:owner"},
		{"g2", "t:*", "t:team"},
		{"p", "r:*", "tenant:read", "t:free"},
		{"p", "*", "tenant:read", "t:free"},
	} {
		refuseLine(t, policy, line)
	}
	if strings.Contains(rbac.ModelText, "dom") {
		t.Error("the model has a domain; tenants must not enter Casbin")
	}
}

// Neither a domain matching function nor any other is registered: no source of the package calls what would.
func TestCAS_03_NoMatchingFunctionIsRegistered(t *testing.T) {
	t.Parallel()
	refuseCalls(t, "AddNamedDomainMatchingFunc", "AddNamedMatchingFunc", "AddNamedLinkConditionFunc", "AddFunction")
}

func TestCAS_04_NoEval(t *testing.T) {
	t.Parallel()
	refuseInModel(t, "eval")
	policy := policyOf(t, product())
	refuseLine(t, policy, rbac.Line{"p", "r:viewer", "1==1", "t:free"})
	refuseLine(t, policy, rbac.Line{"p", "r:viewer", "tenant:read", "1==1"})
	if allowed, err := engineOf(t, policy).Enforce(rbac.Viewer, free, "1==1"); allowed || err != nil {
		t.Errorf("Enforce of an expression = %v, %v, want a refusal", allowed, err)
	}
}

func TestCAS_05_NoPatterns(t *testing.T) {
	t.Parallel()
	refuseInModel(t, "regexMatch", "keyMatch", "globMatch", "ipMatch", "=~", " in ")
	policy := policyOf(t, product())
	engine := engineOf(t, policy)
	for _, pattern := range []string{".*", "([", "tenant:.*", "tenant:*", "*", strings.Repeat("a", 10<<10) + ":b"} {
		refuseLine(t, policy, rbac.Line{"p", "r:viewer", pattern, "t:free"})
		if allowed, err := engine.Enforce(rbac.Owner, team, rbac.Permission(pattern)); allowed || err != nil {
			t.Errorf("Enforce(%.20q) = %v, %v, want a refusal", pattern, allowed, err)
		}
	}
}

func TestCAS_06_EmptyAndShortQuestions(t *testing.T) {
	t.Parallel()
	d := product()
	engine := engineOf(t, policyOf(t, d))
	table := tableOf(t, d, policyOf(t, d))
	for _, role := range []rbac.Role{"", rbac.Owner} {
		for _, tier := range []rbac.Tier{"", team} {
			for _, permission := range []rbac.Permission{"", rbac.TenantRead} {
				if role != "" && tier != "" && permission != "" {
					continue
				}
				if allowed, err := engine.Enforce(role, tier, permission); allowed || err != nil {
					t.Errorf("Enforce(%q, %q, %q) = %v, %v, want a refusal", role, tier, permission, allowed, err)
				}
				if v := table.Decide(role, tier, permission, ""); v.Allowed {
					t.Errorf("Decide(%q, %q, %q) = %+v, want a refusal", role, tier, permission, v)
				}
			}
		}
	}
	// What the types rule out: Casbin itself errs, and an error refuses.
	short := rbac.WithEnforcer(engine, shortened{})
	if allowed, err := short.Enforce(rbac.Owner, team, rbac.TenantRead); allowed || err == nil {
		t.Errorf("Enforce with too few values = %v, %v, want an error", allowed, err)
	}
	for _, line := range []rbac.Line{nil, {"p"}, {"p", "r:viewer"}, {"g", "r:viewer"}, {"g2", "t:pro"}, {"x", "r:viewer", "r:owner"}} {
		refuseLine(t, policyOf(t, d), line)
	}
	empty := engineOf(t, nil)
	if allowed, err := empty.Enforce(rbac.Owner, team, rbac.TenantRead); allowed || err != nil {
		t.Errorf("Enforce with an empty policy = %v, %v, want a refusal", allowed, err)
	}
	if allowed, err := empty.EnforceFeature(team, sso); allowed || err != nil {
		t.Errorf("EnforceFeature with an empty policy = %v, %v, want a refusal", allowed, err)
	}
}

// shortened asks Casbin with one value too few.
type shortened struct{}

func (shortened) Enforce(values ...any) (bool, error) {
	m, err := model.NewModelFromString(rbac.ModelText)
	if err != nil {
		return false, err
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return false, err
	}
	return e.Enforce(values[1:]...)
}

func TestCAS_07_EnforcementCannotBeSwitchedOff(t *testing.T) {
	t.Parallel()
	refuseCalls(t, "EnableEnforce", "EnableAcceptJsonRequest", "EnforceWithMatcher", "NewCachedEnforcer", "LoadModel")
}

// The effect is allow alone, so a line that denies would be a lie: there can be none.
func TestCAS_08_DenyIsImpossible(t *testing.T) {
	t.Parallel()
	if !strings.Contains(rbac.ModelText, "\ne = some(where (p.eft == allow))\n") {
		t.Error("the effect of the model is not: allow, and nothing else")
	}
	policy := policyOf(t, product())
	for _, effect := range []string{"deny", "allow", ""} {
		refuseLine(t, policy, rbac.Line{"p", "r:viewer", "tenant:read", "t:free", effect})
	}
}

func TestCAS_09_CyclicRoles(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*rbac.Definition){
		"itself":   func(d *rbac.Definition) { d.Roles[contractor] = rbac.Grants{Inherits: []rbac.Role{contractor}} },
		"built in": func(d *rbac.Definition) { d.Roles[rbac.Viewer] = rbac.Grants{Inherits: []rbac.Role{rbac.Owner}} },
		"two": func(d *rbac.Definition) {
			d.Roles[contractor] = rbac.Grants{Inherits: []rbac.Role{auditor}}
			d.Roles[auditor] = rbac.Grants{Inherits: []rbac.Role{contractor}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := product()
			spoil(&d)
			if _, err := d.Policy(); err == nil || !strings.Contains(err.Error(), "inherits itself") {
				t.Errorf("Policy() = %v, want a refusal of the circle", err)
			}
		})
	}
}

func TestCAS_10_LineInjection(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"x, r:owner", "x,r:owner", "x\ng, r:viewer, r:owner", "x#", `x"`, "x'", "x y", "x\x00", "\ufeffx", "x\u2028", "ｘ", "r:owner",
	} {
		if role, err := rbac.ParseRole(name); err == nil {
			t.Errorf("ParseRole(%q) = %q, want an error", name, role)
		}
		d := product()
		d.Roles[rbac.Role(name)] = rbac.Grants{Inherits: []rbac.Role{rbac.Viewer}}
		if _, err := d.Policy(); err == nil {
			t.Errorf("Policy() with a role %q succeeded, want an error", name)
		}
		refuseLine(t, policyOf(t, product()), rbac.Line{"g", "r:" + name, "r:viewer"})
	}
}

// An engine and a table never change: what can be raced is asking, and building others meanwhile.
func TestCAS_11_ConcurrentQuestions(t *testing.T) {
	t.Parallel()
	d := product()
	policy := policyOf(t, d)
	engine, table := engineOf(t, policy), tableOf(t, d, policy)
	refuseCalls(t, "RemovePolicy", "UpdatePolicy", "ClearPolicy", "LoadPolicy", "SetModel")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				if allowed, err := engine.Enforce(rbac.Member, pro, agentsRun); !allowed || err != nil {
					t.Errorf("Enforce = %v, %v, want true", allowed, err)
				}
				if allowed, err := engine.EnforceFeature(pro, sso); allowed || err != nil {
					t.Errorf("EnforceFeature = %v, %v, want false", allowed, err)
				}
				if v := table.Decide(rbac.Viewer, pro, agentsRun, ""); v.Allowed {
					t.Errorf("Decide = %+v, want a refusal", v)
				}
			}
			if _, err := rbac.NewEngine(policy); err != nil {
				t.Errorf("NewEngine() = %v", err)
			}
		})
	}
	group.Wait()
}

type broken func() (bool, error)

func (b broken) Enforce(...any) (bool, error) { return b() }

func TestCAS_12_ErrorsAndPanicsRefuse(t *testing.T) {
	t.Parallel()
	d := product()
	engine := engineOf(t, policyOf(t, d))
	for name, b := range map[string]broken{
		"error beside true": func() (bool, error) { return true, errors.New("panic: boom\ngoroutine 1 [running]") },
		"panic":             func() (bool, error) { panic("boom") },
		"matcher panics":    panickingMatcher(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := rbac.WithEnforcer(engine, b)
			allowed, err := e.Enforce(rbac.Owner, team, rbac.TenantRead)
			if allowed || err == nil {
				t.Errorf("Enforce = %v, %v, want a refusal and an error", allowed, err)
			}
			if strings.Contains(fmt.Sprint(err), "goroutine") {
				t.Errorf("Enforce = %v, want no stack trace in the error", err)
			}
			if allowed, err := e.EnforceFeature(team, sso); allowed || err == nil {
				t.Errorf("EnforceFeature = %v, %v, want a refusal and an error", allowed, err)
			}
			if table, err := rbac.Compile(d, e); table != nil || err == nil {
				t.Errorf("Compile = %v, %v, want no table and an error", table, err)
			}
		})
	}
}

// panickingMatcher is Casbin itself with a function in its matcher that panics.
func panickingMatcher(t *testing.T) broken {
	t.Helper()
	m, err := model.NewModelFromString("[request_definition]\nr = x\n[policy_definition]\np = x\n" +
		"[policy_effect]\ne = some(where (p.eft == allow))\n[matchers]\nm = boom(r.x)\n")
	if err != nil {
		t.Fatalf("NewModelFromString() = %v", err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		t.Fatalf("NewEnforcer() = %v", err)
	}
	e.AddFunction("boom", func(...any) (any, error) { panic("boom") })
	return func() (bool, error) { return e.Enforce("x") }
}

func refuseLine(t *testing.T, policy rbac.Policy, line rbac.Line) {
	t.Helper()
	if _, err := rbac.NewEngine(append(slices.Clone(policy), line)); err == nil {
		t.Errorf("NewEngine with the line %.80q succeeded, want an error", line)
	}
}

func refuseInModel(t *testing.T, words ...string) {
	t.Helper()
	_, rules, _ := strings.Cut(rbac.ModelText, "[request_definition]")
	for _, word := range words {
		if strings.Contains(rules, word) {
			t.Errorf("the model has %q", word)
		}
	}
}

// refuseCalls fails if a source of the package, tests aside, names one of these.
func refuseCalls(t *testing.T, names ...string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("Glob() = %d files, %v", len(files), err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatalf("ParseFile(%q) = %v", file, err)
		}
		ast.Inspect(source, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && slices.Contains(names, id.Name) {
				t.Errorf("%s uses %s", file, id.Name)
			}
			return true
		})
	}
}
