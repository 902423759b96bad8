package e2e_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// lasting is how long clients change and ask: go test ./internal/e2e -run TestNoServer -lasting 2m. Access tokens last for five minutes.
var lasting = flag.Duration("lasting", 5*time.Second, "how long clients change and ask in the test of min_version")

// register is something of a tenant that one client takes through its states in turn, and others ask about.
type register struct {
	name   string
	states []string                                          // as read says them
	change func(state, server int) (version string)          // empty: the change failed, or nobody knows
	read   func(server int, version string) (answer, string) // what was answered, and the state that it says

	begun atomic.Int64 // of the states, counted on and on; the first was begun and promised before all else
	mu    sync.Mutex
	steps []promise // each change that was answered
}

// promise is what a client was told: from this version on, this step is in force.
type promise struct {
	version string
	step    int
}

func (r *register) promised() (promise, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.steps) == 0 {
		return promise{}, false
	}
	return r.steps[rand.IntN(min(3, len(r.steps)))+max(0, len(r.steps)-3)], true // one of the newest
}

func (r *register) step(server int) bool {
	step := int(r.begun.Add(1))
	version := r.change(step%len(r.states), server)
	if version == "" {
		return false
	}
	r.mu.Lock()
	r.steps = append(r.steps, promise{version, step})
	r.mu.Unlock()
	return true
}

// explained says whether a state that was answered is that of the promise, or of a change that was begun before the answer came.
func (r *register) explained(p promise, state string) bool {
	for step := p.step; step <= int(r.begun.Load()); step++ {
		if r.states[step%len(r.states)] == state {
			return true
		}
	}
	return false
}

// Eight clients change roles, plans and members of three tenants by way of both servers at random. Others ask either of them, with the
// version that the answer to a change carried: no answer is from before it.
func TestNoServerAnswersFromBeforeWhatItIsAskedFor(t *testing.T) {
	t.Parallel()
	logins := []string{"mia", "max", "noah"}
	f := startFleet(t, issuer("acme", logins...), issuer("globex", logins...), issuer("initech", logins...))
	var registers []*register
	for n, slug := range []string{"acme", "globex", "initech"} {
		at := f.tenant(t, slug, "team")
		at.connect(t)
		admin := admins{at.admin(t, 0), at.admin(t, 1)}
		registers = append(registers, f.roleRegister(t, at, admin, logins[0]), f.standingRegister(t, at, admin, logins[1]))
		if n < 2 {
			registers = append(registers, f.planRegister(t, at, admin, logins[2]))
		}
	}
	for _, r := range registers {
		if !r.step(0) {
			t.Fatalf("%s cannot be changed", r.name)
		}
	}
	end := time.Now().Add(*lasting)
	var all sync.WaitGroup
	var changes, answers, refusals atomic.Int64
	for _, r := range registers {
		all.Go(func() {
			for time.Now().Before(end) {
				if !r.step(rand.IntN(len(f.servers))) {
					t.Errorf("%s cannot be changed", r.name)
					return
				}
				changes.Add(1)
			}
		})
	}
	for n := range 6 {
		all.Go(func() {
			for i := n; time.Now().Before(end); i++ {
				r := registers[i%len(registers)]
				p, ok := r.promised()
				if !ok {
					continue
				}
				a, state := r.read(rand.IntN(len(f.servers)), p.version)
				switch {
				case a.status == http.StatusServiceUnavailable:
					refusals.Add(1) // no answer is no lie
				case a.status != http.StatusOK:
					t.Errorf("asked about %s: %d %s", r.name, a.status, a.body)
				case !r.explained(p, state):
					t.Errorf("%s is %q, asked for step %d (%s) or later, of which %d were begun: %s", r.name, state, p.step,
						r.states[p.step%len(r.states)], r.begun.Load(), a.body)
				default:
					answers.Add(1)
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d changes, %d answers, %d refusals", changes.Load(), answers.Load(), refusals.Load())
	if changes.Load() < 16 || answers.Load() < 100 {
		t.Errorf("%d changes and %d answers show nothing", changes.Load(), answers.Load())
	}
}

// admins are one program at each server.
type admins [2]*visitor

// ask asks for decisions about a member, as the standard has it, and returns one letter for each.
func ask(v *visitor, member, version string, actions ...string) (a answer, state string) {
	var list []string
	for _, action := range actions {
		list = append(list, fmt.Sprintf(`{"action":{"name":%q}}`, action))
	}
	body := fmt.Sprintf(`{"subject":{"type":"member","id":%q},"resource":{"type":"x","id":"y"},"context":{"min_version":%q},"evaluations":[%s]}`,
		member, version, strings.Join(list, ","))
	a = v.ask("/access/v1/evaluations", body)
	if a.status != http.StatusOK {
		return a, ""
	}
	for _, e := range decode[struct {
		Evaluations []struct {
			Decision bool
			Context  struct{ Clause string }
		}
	}](a).Evaluations {
		switch {
		case e.Decision:
			state += "y"
		case e.Context.Clause == "member_suspended":
			state += "s"
		default:
			state += "n"
		}
	}
	return a, state
}

// ask is call for questions of many at once, which may not end the test.
func (v *visitor) ask(path, body string) answer {
	a, err := v.try(http.MethodPost, path, strings.NewReader(body), "Content-Type", "application/json")
	if err != nil {
		v.tb.Errorf("POST %s = %v", path, err)
	}
	return a
}

// moved is the version that a change made, or nothing if it failed. What an overloaded machine refuses is not made, and asked for again.
func moved(v *visitor, method, path, body string) string {
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		a, err := v.try(method, path, strings.NewReader(body), "Content-Type", "application/json")
		switch {
		case err == nil && a.status == http.StatusOK:
			return a.header.Get("Gatehouse-Version")
		case err != nil || !strings.Contains(a.body, `"database_unavailable"`) || time.Since(began) > patience:
			v.tb.Errorf("%s %s = %d %s %v", method, path, a.status, a.body, err)
			return ""
		}
	}
}

func (f *fleet) roleRegister(tb testing.TB, at *tenant, admin admins, login string) *register {
	tb.Helper()
	member := at.signIn(tb, 0, login).me().Membership
	roles := []string{"member", "viewer", "admin"} // who joins is a member
	return &register{
		name: "the role of " + login + " at " + at.slug, states: []string{"yn", "nn", "yy"},
		change: func(state, server int) string {
			return moved(admin[server], http.MethodPatch, "/v1/members/"+member, `{"role":"`+roles[state]+`"}`)
		},
		read: func(server int, version string) (answer, string) {
			return ask(admin[server], member, version, "chat:use", "members:write")
		},
	}
}

func (f *fleet) standingRegister(tb testing.TB, at *tenant, admin admins, login string) *register {
	tb.Helper()
	member := at.signIn(tb, 0, login).me().Membership
	ways := []string{"/resume", "/suspend"}
	return &register{
		name: "the standing of " + login + " at " + at.slug, states: []string{"y", "s"},
		change: func(state, server int) string {
			return moved(admin[server], http.MethodPost, "/v1/members/"+member+ways[state], "")
		},
		read: func(server int, version string) (answer, string) {
			return ask(admin[server], member, version, "chat:use")
		},
	}
}

// planRegister moves the tenant at the command line, which prints no version: that of a change made after it holds the move too.
func (f *fleet) planRegister(tb testing.TB, at *tenant, admin admins, login string) *register {
	tb.Helper()
	member := at.signIn(tb, 0, login).me().Membership
	plans, roles := []string{"team", "pro", "enterprise"}, []string{"member", "viewer"}
	turn := 0
	return &register{
		name: "the plan of " + at.slug, states: []string{"yn", "nn", "yy"},
		change: func(state, server int) string {
			if out, err := command(f.env, "tenant", "plan", at.slug, "--plan", plans[state]).CombinedOutput(); err != nil {
				tb.Errorf("move %s to %s: %v: %s", at.slug, plans[state], err, out)
				return ""
			}
			turn++
			return moved(admin[server], http.MethodPatch, "/v1/members/"+member, `{"role":"`+roles[turn%2]+`"}`)
		},
		read: func(server int, version string) (answer, string) {
			a := admin[server].ask("/v1/check/batch", fmt.Sprintf(`{"checks":[{"feature":"sso"},{"feature":"custom_roles"}],"min_version":%q}`, version))
			if a.status != http.StatusOK {
				return a, ""
			}
			state := ""
			for _, d := range decode[struct{ Decisions []struct{ Allowed bool } }](a).Decisions {
				state += map[bool]string{true: "y", false: "n"}[d.Allowed]
			}
			return a, state
		},
	}
}
