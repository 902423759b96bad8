package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// attack is one thing to try.
type attack struct {
	area               Area
	id, title, variant string
	expect             Outcome
	honest             Honest
	persons            bool // see Judge
	// prepare, if there is one, does what is honest before that, in the same window.
	prepare func(context.Context, *visit) error
	// play tries it in a fresh window and returns the last answer.
	play func(context.Context, *visit) (answer, error)
}

// stand is a tenant in which attacks are tried, one after the other.
type stand struct {
	*suite
	tenant  Tenant
	browser *browser
	key     string // of the API
	uses    int    // how often it has made a connection
}

func (s *suite) stand(ctx context.Context) (*stand, error) {
	t, err := s.Installation.Tenant(ctx)
	if err != nil {
		return nil, err
	}
	return &stand{suite: s, tenant: t, browser: s.newBrowser()}, nil
}

// busy is the code of a refusal that was not looked at, since too many are checked at once.
const busy = "sso_busy"

// try plays an attack, judges it and writes it down. An error is one of ours.
func (st *stand) try(ctx context.Context, a attack) error {
	for tries := 1; ; tries++ {
		v := st.browser.visit()
		if a.prepare != nil {
			if err := a.prepare(ctx, v); err != nil {
				return fmt.Errorf("prepare %s: %w", a.id, err)
			}
		}
		before, err := st.Installation.Rows(ctx, st.tenant)
		if err != nil {
			return err
		}
		got, err := a.play(ctx, v)
		if err != nil {
			return fmt.Errorf("%s: %w", a.id, err)
		}
		if got.code == busy && tries < 5 {
			continue
		}
		seen := Seen{Status: got.status, Code: got.code, Cut: got.cut, Session: v.hasSession()}
		if seen.Session {
			seen.Person, seen.Tenant, err = v.person(ctx)
		} else {
			var after string
			after, err = st.Installation.Rows(ctx, st.tenant)
			seen.Changed = before != after
		}
		if err != nil {
			return err
		}
		st.judge(a, seen)
		return nil
	}
}

func (st *stand) judge(a attack, seen Seen) {
	r := Result{Area: a.area, ID: a.id, Title: a.title, Variant: a.variant, Expect: a.expect, Status: seen.Status, Code: seen.Code}
	r.Verdict, r.Problem = Judge(a.expect, seen, a.honest, a.persons)
	st.record(r)
}

// refusal is the installation's answer to a connection that it does not want.
type refusal struct {
	status int
	code   string
	body   string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.status, r.code, r.body) }

// perKey is how many connections are made by one API key: their number in a minute is limited.
const perKey = 25

// connect makes a connection and lets everybody in through it.
func (st *stand) connect(ctx context.Context, in map[string]any) (connection, error) {
	var c connection
	if err := st.call(ctx, http.MethodPost, "/v1/connections", in, &c); err != nil {
		return c, err
	}
	return c, st.call(ctx, http.MethodPost, "/v1/connections/"+c.ID+"/activate", nil, nil)
}

// connection is as much of one as is needed here.
type connection struct {
	ID          string
	RedirectURI string `json:"redirect_uri"`
	SAML        struct {
		SP struct {
			EntityID    string `json:"entity_id"`
			ACSURL      string `json:"acs_url"`
			SLOURL      string `json:"slo_url"`
			MetadataURL string `json:"metadata_url"`
		}
	}
}

// call uses the API. A refusal is a *refusal.
func (st *stand) call(ctx context.Context, method, path string, in, out any) error {
	if st.uses%perKey == 0 {
		var err error
		if st.key, err = st.Installation.APIKey(ctx, st.tenant); err != nil {
			return err
		}
	}
	if method == http.MethodPost && path == "/v1/connections" || method == http.MethodPatch {
		st.uses++
	}
	body, err := encoded(in)
	if err != nil {
		return err
	}
	a, err := st.browser.visit().send(ctx, func() (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, method, st.base.String()+path, strings.NewReader(body))
		if err == nil {
			r.Header.Set("X-API-Key", st.key)
			if body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
		}
		return r, err
	})
	if err != nil {
		return err
	}
	if a.status >= http.StatusBadRequest || a.cut {
		return &refusal{a.status, a.code, string(a.body)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return fmt.Errorf("read the answer of %s %s: %w", method, path, err)
	}
	return nil
}

func encoded(in any) (string, error) {
	if in == nil {
		return "", nil
	}
	body, err := json.Marshal(in)
	if err != nil {
		return "", fmt.Errorf("encode: %w", err)
	}
	return string(body), nil
}
