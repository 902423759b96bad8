package rbac

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
)

//go:embed model.conf
var modelText string

// Engine is Casbin with one policy, which never changes: a new policy is a new engine. It is safe for use by many
// goroutines. It is the definition that [Compile] asks; requests are answered by the [Table].
type Engine struct {
	// named are the roles and tiers of the policy. Casbin remembers every name that it is asked about, without
	// bound, so it is asked about these alone.
	named map[string]bool
	// permissions has an enforcer for each permission, with the lines that concern it. Casbin evaluates its
	// matcher for line after line, so one enforcer with all lines would make each answer cost every permission.
	permissions map[Permission]enforcer
	features    enforcer
}

// enforcer is what an engine needs of Casbin.
type enforcer interface {
	Enforce(values ...any) (bool, error)
}

// NewEngine returns an engine for the policy. It refuses a line that is not exactly of a shape that model.conf
// describes, such as one with a wildcard or a name without its prefix, and a line that is there twice.
func NewEngine(policy Policy) (*Engine, error) {
	if err := policy.check(); err != nil {
		return nil, err
	}
	e := &Engine{named: map[string]bool{}, permissions: map[Permission]enforcer{}}
	var err error
	if e.features, err = newEnforcer(policy.only("g2")); err != nil {
		return nil, fmt.Errorf("load the features: %w", err)
	}
	for _, line := range policy {
		for _, value := range line[1:] {
			e.named[value] = true
		}
	}
	for _, line := range policy.only("p") {
		permission := Permission(line[2])
		if e.permissions[permission] != nil {
			continue
		}
		if e.permissions[permission], err = newEnforcer(policy.about(permission)); err != nil {
			return nil, fmt.Errorf("load permission %q: %w", permission, err)
		}
	}
	return e, nil
}

func newEnforcer(policy Policy) (enforcer, error) {
	rules, err := model.NewModelFromString(modelText)
	if err != nil {
		return nil, fmt.Errorf("read model.conf: %w", err)
	}
	casbin, err := casbin.NewEnforcer(rules)
	if err != nil {
		return nil, err
	}
	for _, line := range policy {
		add := casbin.AddNamedGroupingPolicy
		if line[0] == "p" {
			add = casbin.AddNamedPolicy
		}
		added, err := add(line[0], []string(line[1:]))
		if err != nil {
			return nil, fmt.Errorf("add %q: %w", line, err)
		}
		if !added {
			return nil, fmt.Errorf("add %q: it is there twice", line)
		}
	}
	return casbin, nil
}

// Enforce asks Casbin whether role has the permission on tier. The answer is false whenever there is an error,
// and for every name that the policy does not have.
func (e *Engine) Enforce(role Role, tier Tier, permission Permission) (bool, error) {
	enforcer := e.permissions[permission]
	if enforcer == nil || !e.named[roleKey(role)] || !e.named[tierKey(tier)] {
		return false, nil
	}
	return ask(enforcer, roleKey(role), tierKey(tier), string(permission))
}

// EnforceFeature asks Casbin whether tier includes the feature. It fails closed as [Engine.Enforce] does.
func (e *Engine) EnforceFeature(tier Tier, feature Feature) (bool, error) {
	if !e.named[tierKey(tier)] || !e.named[featureKey(feature)] {
		return false, nil
	}
	// r2 and m2 of model.conf, whose matcher reads no line of kind p.
	about := casbin.EnforceContext{RType: "r2", PType: "p", EType: "e", MType: "m2"}
	return ask(e.features, about, tierKey(tier), featureKey(feature))
}

func ask(e enforcer, question ...any) (allowed bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			allowed, err = false, fmt.Errorf("ask casbin: panic: %v", r)
		}
	}()
	allowed, err = e.Enforce(question...)
	if err != nil {
		// Casbin puts a stack trace behind the first line when it caught a panic.
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return false, fmt.Errorf("ask casbin: %s", reason)
	}
	return allowed, nil
}
