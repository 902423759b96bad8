package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/id"
)

func TestWEB22JSONAbuse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	many := make([]string, 10_000)
	for i := range many {
		many[i] = fmt.Sprintf(`"k%d":1`, i)
	}
	for name, tt := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"depth 100,000":            {`{"name":"x","extra":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}", 400, "malformed_json"},
		"depth 65":                 {`{"name":"x","extra":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + "}", 400, "malformed_json"},
		"depth in a string":        {`{"name":"` + strings.Repeat("[", 100) + `\"` + strings.Repeat("{", 100) + `"}`, 201, ""},
		"depth 64":                 {`{"name":"x","extra":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + "}", 201, ""},
		"many members":             {"{" + strings.Join(many, ",") + "}", 422, "invalid_input"},
		"a repeated member":        {`{"name":"x","name":"y"}`, 400, "malformed_json"},
		"a repeat by escape":       {`{"name":"x","n\u0061me":"y"}`, 400, "malformed_json"},
		"another case":             {`{"Name":"x"}`, 422, "invalid_input"},
		"both cases":               {`{"name":"x","NAME":"y"}`, 422, "invalid_input"},
		"an unknown member":        {`{"name":"x","is_staff":true}`, 422, "invalid_input"},
		"1e999":                    {`{"name":"x","ratio":1e999}`, 422, "invalid_input"},
		"NaN":                      {`{"name":"x","ratio":NaN}`, 400, "malformed_json"},
		"a fraction":               {`{"name":"x","count":1.5}`, 422, "invalid_input"},
		"too large for the type":   {`{"name":"x","count":99999999999999999999}`, 422, "invalid_input"},
		"a number in a string":     {`{"name":"x","count":"1"}`, 422, "invalid_input"},
		"byte order mark":          {"\ufeff" + `{"name":"x"}`, 400, "malformed_json"},
		"trailing data":            {`{"name":"x"}{"name":"y"}`, 400, "malformed_json"},
		"trailing comma":           {`{"name":"x",}`, 400, "malformed_json"},
		"a comment":                {`{"name":"x"/**/}`, 400, "malformed_json"},
		"not UTF-8":                {"{\"name\":\"\xff\"}", 400, "malformed_json"},
		"half a surrogate":         {`{"name":"\ud800"}`, 400, "malformed_json"},
		"an array":                 {`["x"]`, 422, "invalid_input"},
		"null":                     {`null`, 422, "invalid_input"},
		"null with space around":   {" null\n", 422, "invalid_input"},
		"nothing":                  {"", 400, "body_required"},
		"white space":              {"  ", 400, "malformed_json"},
		"an id of another kind":    {`{"name":"x","owner":"tnt_00000000000000000000000000"}`, 422, "invalid_input"},
		"a redacted secret":        {`{"name":"x","word":"[redacted]"}`, 422, "invalid_input"},
		"a megabyte":               {`{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "body_too_large"},
		"white space at both ends": {" {\"name\":\"x\"}\n", 201, ""},
	} {
		b.do("POST", "/v1/things", tt.body, asMember()...).want(t, name, tt.status, tt.code)
	}
}

func TestAnAnswerSaysWhatAValueShouldBe(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for body, want := range map[string]string{
		`{"name":"x","count":1.5}`:                  "is a whole number in digits",
		`{"name":"x","count":1e3}`:                  "is a whole number in digits",
		`{"name":"x","count":99999999999999999999}`: "is out of range",
		`{"name":"x","ratio":1e999}`:                "is out of range",
		`{"name":"x","at":"2026-12-01"}`:            "is a time such as 2026-12-01T09:00:00Z",
		`null`:                                      "has the wrong type: null",
	} {
		if got := b.do("POST", "/v1/things", body, asMember()...); got.Code != 422 || !strings.Contains(got.body, `"detail":"`+want+`"`) {
			t.Errorf("POST %s = %d %s, want 422 %q", body, got.Code, got.body, want)
		}
	}
	got := b.do("GET", "/v1/things?since=2026-12-01", "", asMember()...)
	if got.Code != 422 || !strings.Contains(got.body, "is a time such as 2026-12-01T09:00:00Z") {
		t.Errorf("GET ?since=2026-12-01 = %d %s, want 422 and what a time looks like", got.Code, got.body)
	}
}

func TestAZ12MassAssignment(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, member := range []string{"role", "is_staff", "email_verified", "plan", "created_at", "id", "tenant_id", "", "__proto__", strings.Repeat("a", 9000)} {
		got := b.do("POST", "/v1/things", fmt.Sprintf(`{"name":"x",%q:"owner"}`, member), asMember()...)
		got.want(t, "member "+member[:min(len(member), 20)], 422, "invalid_input")
		if !strings.Contains(got.body, "is not known here") || len(got.body) > 1000 {
			t.Errorf("member %.20s: %.2000s, want a short answer that says it is unknown", member, got.body)
		}
	}
	if n := b.handled.Load(); n != 0 {
		t.Errorf("handlers reached = %d, want 0", n)
	}
}

func TestAZ13OneSourceForAField(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mine, other := id.New[id.Membership]().String(), id.New[id.Membership]().String()
	path := "/v1/things/" + mine
	b.do("PATCH", path, `{"name":"x","id":"`+other+`"}`, asMember()...).want(t, "id in the body", 422, "invalid_input")
	b.do("PATCH", path, `{"name":"x","ID":"`+other+`"}`, asMember()...).want(t, "ID in the body", 422, "invalid_input")
	b.do("PATCH", path+"?id="+other, body, asMember()...).want(t, "id in the query", 400, "unknown_parameter")
	b.do("PATCH", path+"?name="+other, body, asMember()...).want(t, "name in the query", 400, "unknown_parameter")
	b.do("GET", "/v1/things", `{"limit":5}`, asMember()...).want(t, "a body on GET", 400, "unexpected_body")
	b.do("DELETE", path, `{"id":"`+other+`"}`, asMember()...).want(t, "a body on DELETE", 400, "unexpected_body")
	b.do("PATCH", path, "null", asMember()...).want(t, "null, which would clear the id", 422, "invalid_input")
	got := b.do("PATCH", path, body, asMember("id", other)...)
	if got.Code != 200 || !strings.Contains(got.body, mine) {
		t.Errorf("PATCH %s = %d %s, want the id of the path", path, got.Code, got.body)
	}
}

func TestWEB04ContentType(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for ct, want := range map[string]int{
		"application/json":                  201,
		"application/json; charset=utf-8":   201,
		"Application/JSON;charset=UTF-8":    201,
		"text/plain":                        415,
		"application/x-www-form-urlencoded": 415,
		"multipart/form-data; boundary=x":   415,
		"application/json; charset=utf-16":  415,
		"application/json; charset=utf-7":   415,
		"application/json; x=y":             415,
		"application/jsonx":                 415,
		"text/plain; application/json":      415,
		"application/json, text/plain":      415,
		"application/problem+json":          415,
		"":                                  415,
		"application/json\t":                201,
		"application/csp-report":            415,
	} {
		got := b.do("POST", "/v1/things", body, "Authorization", "Bearer "+goodToken, "Content-Type", ct)
		if got.Code != want {
			t.Errorf("POST with Content-Type %q = %d, want %d", ct, got.Code, want)
		}
	}
	got := b.do("POST", "/v1/things", body, asMember("Content-Type", "text/plain")...)
	got.want(t, "two content types", 415, "content_type")
	b.do("POST", "/v1/things", body, asMember("Content-Encoding", "gzip")...).want(t, "compressed", 415, "content_encoding")
}

func TestWEB24QueryAbuse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.do("GET", "/v1/things?"+strings.Repeat("a=1&", 1_000_000), "", asMember()...).want(t, "a million parameters", 414, "query_too_long")
	for query, want := range map[string]struct {
		status int
		code   string
	}{
		"limit=5":                      {200, ""},
		"limit=5&deep=true":            {200, ""},
		"limit=5&limit=6":              {400, "repeated_parameter"},
		"limit=5;deep=true":            {400, "malformed_query"},
		"limit=%zz":                    {400, "malformed_query"},
		"Limit=5":                      {400, "unknown_parameter"},
		"limit[]=5":                    {400, "unknown_parameter"},
		"=5":                           {400, "unknown_parameter"},
		"limit=":                       {422, "invalid_input"},
		"limit=-9223372036854775809":   {422, "invalid_input"},
		"limit=NaN":                    {422, "invalid_input"},
		"limit=1e9":                    {422, "invalid_input"},
		"limit=%2B5":                   {422, "invalid_input"},
		"limit=05":                     {422, "invalid_input"},
		"limit=0x10":                   {422, "invalid_input"},
		"deep=1":                       {422, "invalid_input"},
		"sort=%00":                     {422, "invalid_input"},
		"sort=%ff":                     {422, "invalid_input"},
		"sort=a%0d%0ab":                {422, "invalid_input"},
		"callback=alert":               {400, "unknown_parameter"},
		strings.Repeat("k", 200) + "=": {400, "unknown_parameter"},
	} {
		got := b.do("GET", "/v1/things?"+query, "", asMember()...)
		got.want(t, "query "+query, want.status, want.code)
		if len(got.body) > 1000 {
			t.Errorf("query %.20s: %d bytes of answer, want few", query, len(got.body))
		}
	}
}

func TestWEB09NoJSONP(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, name := range []string{"callback", "jsonp", "_callback", "cb"} {
		got := b.do("GET", "/v1/things?"+name+"=alert", "", asMember()...)
		got.want(t, name, 400, "unknown_parameter")
		if strings.Contains(got.body, "alert") || strings.Contains(got.Header().Get("Content-Type"), "javascript") {
			t.Errorf("%s = %s, want nothing of the callback", name, got.body)
		}
	}
}

func TestWrongIDsInPathsAreMissing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	good := id.New[id.Membership]().String()
	b.do("GET", "/v1/things/"+good, "", asMember()...).want(t, good, 200, "")
	want := b.do("GET", "/v1/things/"+id.New[id.Tenant]().String(), "", asMember()...)
	for _, wrong := range []string{
		"", "x", "mem_", strings.ToUpper(good), good + "0", good[:len(good)-1], good + "%00", good + "%2f..", good + "/x", good + "/", "..", "%2e%2e",
		"0190a0b0-0000-7000-8000-000000000000", "' OR 1=1", "mem_" + strings.Repeat("z", 26), good + "%20", url.PathEscape("мем"),
	} {
		got := b.do("GET", "/v1/things/"+strings.ReplaceAll(wrong, " ", "%20"), "", asMember()...)
		got.want(t, "id "+wrong, 404, "not_found")
		if strip(got) != strip(want) {
			t.Errorf("id %q = %s, want the same as for any other: %s", wrong, got.body, want.body)
		}
	}
}

// strip takes from an answer what is its own.
func strip(a answer) string {
	return strings.ReplaceAll(a.body, a.Header().Get("X-Request-Id"), "")
}

func FuzzDecode(f *testing.F) {
	b := newBench(f)
	for _, seed := range []string{body, `{"name":"x","extra":[[]],"tags":["a"]}`, `{"owner":"usr_"}`, "[", `{"name":"\ud800"}`} {
		f.Add(seed, "limit=5")
	}
	f.Fuzz(func(t *testing.T, body, query string) {
		for _, got := range []answer{
			b.do("POST", "/v1/things", body, asMember()...),
			b.do("GET", "/v1/things?"+url.Values{"sort": {query}}.Encode(), "", asMember()...),
		} {
			if got.Code >= 500 {
				t.Errorf("%q, %q = %d %s, want no error of ours", body, query, got.Code, got.body)
			}
		}
	})
}
