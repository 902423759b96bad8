package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// serve answers POSTs of JSON as a peer does.
func serve(tb testing.TB, answer func(path string, body map[string]any) (any, error)) string {
	tb.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Method != http.MethodPost {
			http.Error(w, fmt.Sprintf("%s of no JSON: %v", r.Method, err), http.StatusBadRequest)
			return
		}
		out, err := answer(r.URL.Path, body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(out)
	}))
	tb.Cleanup(s.Close)
	return s.URL
}

// at follows keys and indices into JSON.
func at(v any, path ...any) any {
	for _, p := range path {
		switch key := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[key]
		case int:
			l, _ := v.([]any)
			if key >= len(l) {
				return nil
			}
			v = l[key]
		}
	}
	return v
}

// fakeFGA knows the tuples that were written, and what chat_use is a union of.
func fakeFGA(tb testing.TB, allowAll bool) *openFGA {
	tb.Helper()
	tuples, roles := map[string]bool{}, []string{}
	return &openFGA{url: serve(tb, func(path string, body map[string]any) (any, error) {
		switch path {
		case "/stores":
			return object{"id": "store1"}, nil
		case "/stores/store1/authorization-models":
			children, _ := at(body, "type_definitions", 1, "relations", "chat_use", "union", "child").([]any)
			for _, c := range children {
				roles = append(roles, fmt.Sprint(at(c, "computedUserset", "relation")))
			}
			if at(body, "schema_version") != "1.1" || at(body, "type_definitions", 1, "metadata", "relations", "member", "directly_related_user_types", 0, "type") != "user" {
				return nil, fmt.Errorf("the model is %v", body)
			}
			return object{"authorization_model_id": "model1"}, nil
		case "/stores/store1/write":
			list, _ := at(body, "writes", "tuple_keys").([]any)
			if len(list) == 0 || len(list) > 100 || at(body, "authorization_model_id") != "model1" {
				return nil, fmt.Errorf("%d tuples for %v", len(list), at(body, "authorization_model_id"))
			}
			for _, t := range list {
				tuples[fmt.Sprint(at(t, "user"), at(t, "relation"), at(t, "object"))] = true
			}
			return object{}, nil
		case "/stores/store1/check":
			key := at(body, "tuple_key")
			if at(key, "relation") != "chat_use" || at(body, "authorization_model_id") != "model1" {
				return nil, fmt.Errorf("the question is %v", body)
			}
			allowed := allowAll
			for _, r := range roles {
				allowed = allowed || tuples[fmt.Sprint(at(key, "user"), r, at(key, "object"))]
			}
			return object{"allowed": allowed}, nil
		default:
			return nil, fmt.Errorf("unknown path %s", path)
		}
	})}
}

// fakeCerbos answers by the rule of the policy.
func fakeCerbos(tb testing.TB, allowAll bool) *cerbos {
	tb.Helper()
	return &cerbos{url: serve(tb, func(path string, body map[string]any) (any, error) {
		if path != "/api/check/resources" || at(body, "principal", "id") == nil || at(body, "resources", 0, "resource", "kind") != "tenant" {
			return nil, fmt.Errorf("%s of %v", path, body)
		}
		effect := "EFFECT_DENY"
		if allowAll || at(body, "principal", "roles", 0) == "member" && at(body, "principal", "attr", "tenant") == at(body, "resources", 0, "resource", "id") {
			effect = "EFFECT_ALLOW"
		}
		return object{"results": []object{{"actions": object{fmt.Sprint(at(body, "resources", 0, "actions", 0)): effect}}}}, nil
	})}
}

func TestPeersAreAskedAboutEachMember(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]peer{"OpenFGA": fakeFGA(t, false), "Cerbos": fakeCerbos(t, false)} {
		requests, err := introduce(t.Context(), p)
		if err != nil || len(requests) != customers*staff {
			t.Errorf("introduce(%s) = %d requests, %v, want %d", name, len(requests), err, customers*staff)
			continue
		}
		if first := string(requests[0]); !strings.HasPrefix(first, "POST /") || !strings.Contains(first, "bench-0") || !strings.Contains(first, "mia-0-0") {
			t.Errorf("the first request to %s is %q, want a POST about mia-0-0 of bench-0", name, first)
		}
	}
}

func TestAPeerThatAllowsAllIsNotCompared(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]peer{"OpenFGA": fakeFGA(t, true), "Cerbos": fakeCerbos(t, true)} {
		if _, err := introduce(t.Context(), p); err == nil {
			t.Errorf("introduce(%s) = nil, want that it lets a stranger in", name)
		}
	}
}

func TestAnswersOfPeersAreReadStrictly(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]peer{"OpenFGA": &openFGA{}, "Cerbos": &cerbos{}} {
		for _, answer := range []string{`{}`, `{"allowed":null}`, `{"results":[]}`, `{"results":[{"actions":{}}]}`, `not JSON`, `{"code":"unauthenticated"}`} {
			if _, err := p.allows([]byte(answer)); err == nil {
				t.Errorf("%s: allows(%s) = nil, want an error", name, answer)
			}
		}
	}
}
