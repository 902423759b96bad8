package rbac

// Enforcer is what an engine needs of Casbin.
type Enforcer = enforcer

// ModelText is the model that engines run.
var ModelText = modelText

// WithEnforcer returns an engine like e that asks broken instead of Casbin.
func WithEnforcer(e *Engine, broken Enforcer) *Engine {
	replaced := &Engine{named: e.named, features: broken, permissions: map[Permission]enforcer{}}
	for p := range e.permissions {
		replaced.permissions[p] = broken
	}
	return replaced
}
