package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"

	"github.com/seed-2a059015/gatehouse/billing"
	"github.com/seed-2a059015/gatehouse/internal/apitest"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// recorded is the answer to POST /v1/usage.
type recorded struct {
	Accepted, Duplicates, Refused int
	Events                        []struct{ ID, Status, Code, Detail string }
}

func (r recorded) outcomes() (list []string) {
	for _, e := range r.Events {
		list = append(list, strings.TrimRight(e.ID+" "+e.Status+" "+e.Code, " "))
	}
	return list
}

// use records events as JSON and returns what became of each.
func use(t *testing.T, c *apitest.Client, events any) recorded {
	t.Helper()
	var out recorded
	c.Do(t, http.MethodPost, "/v1/usage", events).Want(t, http.StatusOK).JSON(t, &out)
	return out
}

type usageReport struct {
	Unit, Aggregation string
	From, To          time.Time
	Rows              []struct {
		User   string
		APIKey string `json:"api_key"`
		Role   string
		Model  string
		Value  int64
		Events int64
		Input  int64 `json:"input_tokens"`
	}
}

func reportOf(t *testing.T, c *apitest.Client, query url.Values) usageReport {
	t.Helper()
	var out usageReport
	c.Do(t, http.MethodGet, "/v1/usage?"+query.Encode(), nil).Want(t, http.StatusOK).JSON(t, &out)
	return out
}

func TestUsageIsRecordedAndReportedAtOnce(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	session := s.Session(t, tenant, rbac.Owner)
	person, machine := s.Bearer(session), s.Machine(s.APIKey(t, tenant, rbac.Admin))
	v7 := uuid.Must(uuid.NewV7()).String()
	got := use(t, person, []any{
		map[string]any{"id": v7, "meter": "ai.messages", "quantity": 3, "model": "large", "input_tokens": 100},
		map[string]any{"id": v7, "meter": "ai.messages"},
		map[string]any{"id": "order 1", "meter": "ai.messages"},
		map[string]any{"id": "forged", "meter": "ai.messages", "user": "usr_06h059k6x9vqsef9ym1s2detsc"},
		map[string]any{"id": "forged too", "meter": "ai.messages", "tenant": "tnt_06h059k6x9vqsef9ym1s2detsc"},
		map[string]any{"id": "unknown", "meter": "nothing"},
		map[string]any{"meter": "ai.messages"},
		"no object",
		map[string]any{"id": "typed", "meter": 17},
		map[string]any{"id": "old", "meter": "ai.messages", "at": "2020-01-01T00:00:00Z"},
		map[string]any{"id": "early", "meter": "ai.messages", "at": time.Now().Add(time.Hour)},
		map[string]any{"id": "negative", "meter": "ai.messages", "quantity": -1},
	})
	want := []string{
		v7 + " accepted", v7 + " duplicate", "order 1 accepted", "forged refused invalid_event", "forged too refused invalid_event",
		"unknown refused unknown_meter", " refused invalid_event", " refused invalid_event", "typed refused invalid_event", "old refused event_too_old",
		"early refused event_in_future", "negative refused out_of_range",
	}
	if diff := cmp.Diff(want, got.outcomes()); diff != "" || got.Accepted != 2 || got.Duplicates != 1 || got.Refused != 9 {
		t.Errorf("outcomes %d, %d, %d (-want +got):\n%s", got.Accepted, got.Duplicates, got.Refused, diff)
	}
	if got := use(t, machine, map[string]any{"id": "of a machine", "meter": "ai.messages"}); got.Accepted != 1 {
		t.Errorf("one event of a machine = %+v, want accepted", got)
	}
	rows := reportOf(t, person, url.Values{"meter": {"ai.messages"}, "group_by": {"user,api_key,role"}}).Rows
	if len(rows) != 2 || rows[0].User != session.Member.UserID.String() || rows[0].Role != "owner" || rows[0].APIKey != "" || rows[0].Value != 4 ||
		rows[0].Events != 2 || rows[0].Input != 100 || rows[1].User != "" || !strings.HasPrefix(rows[1].APIKey, "key_") || rows[1].Value != 1 {
		t.Errorf("report = %+v, want 4 of the owner and 1 of the key", rows)
	}
	top := reportOf(t, person, url.Values{"meter": {"ai.messages"}, "group_by": {"model"}, "top": {"1"}, "step": {"hour"}})
	if len(top.Rows) != 1 || top.Rows[0].Model != "large" || top.Aggregation != "sum" || time.Until(top.To) > time.Hour {
		t.Errorf("top model by hour = %+v, want large", top)
	}
	other := s.Bearer(s.Session(t, s.NewTenant(t, billing.Pro), rbac.Owner))
	if r := reportOf(t, other, url.Values{"meter": {"ai.messages"}}); len(r.Rows) != 0 {
		t.Errorf("another tenant reads %+v, want nothing", r)
	}
	if got := use(t, other, map[string]any{"id": v7, "meter": "ai.messages"}); got.Accepted != 1 {
		t.Errorf("the same id in another tenant = %+v, want accepted", got)
	}
	s.Bearer(s.Session(t, tenant, rbac.Member)).Do(t, http.MethodPost, "/v1/usage", map[string]any{"id": "x", "meter": "ai.messages"}).
		Refused(t, http.StatusForbidden, "role_lacks_permission")
}

func TestUsageComesAsCloudEvents(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := s.Bearer(s.Session(t, s.NewTenant(t, billing.Pro), rbac.Owner))
	event := func(id, source string, data map[string]any) map[string]any {
		return map[string]any{
			"specversion": "1.0", "id": id, "source": source, "type": "ai.messages", "time": time.Now().UTC().Format(time.RFC3339), "traceparent": "00-1",
			"datacontenttype": "application/json", "data": data,
		}
	}
	send := func(kind string, body any) recorded {
		t.Helper()
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		var out recorded
		c.With("Content-Type", kind).Do(t, http.MethodPost, "/v1/usage", string(text)).Want(t, http.StatusOK).JSON(t, &out)
		return out
	}
	const one, batch = "application/cloudevents+json", "application/cloudevents-batch+json; charset=utf-8"
	bad := event("7", "//a", nil)
	bad["specversion"] = "0.3"
	v7 := uuid.Must(uuid.NewV7()).String()
	if got := send(one, event("1", "//a", map[string]any{"quantity": 5})); got.Accepted != 1 {
		t.Errorf("one = %+v, want accepted", got)
	}
	got := send(batch, []any{
		event("1", "//a", map[string]any{"quantity": 5}), event("1", "//b", map[string]any{"quantity": 5, "model": "large"}), bad,
		event(v7, "//a", nil), event(v7, "//b", nil), event("8", "//a", map[string]any{"meter": "seats"}),
	})
	want := []string{"1 duplicate", "1 accepted", "7 refused invalid_event", v7 + " accepted", v7 + " duplicate", "8 refused unknown_meter"}
	if diff := cmp.Diff(want, got.outcomes()); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if r := reportOf(t, c, url.Values{"meter": {"ai.messages"}}); len(r.Rows) != 1 || r.Rows[0].Value != 11 {
		t.Errorf("report = %+v, want 11", r.Rows)
	}
}

func TestWhatIsNoListOfEventsIsRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := s.Bearer(s.Session(t, s.NewTenant(t, billing.Pro), rbac.Owner))
	many := make([]any, 1_001)
	for i := range many {
		many[i] = map[string]any{"id": fmt.Sprint(i), "meter": "ai.messages"}
	}
	for _, tt := range []struct {
		body   any
		kind   string
		status int
		code   string
	}{
		{"[", "application/json", 400, "malformed_json"},
		{"17", "application/json", 400, "malformed_json"},
		{`{"id":"a","id":"b","meter":"ai.messages"}`, "application/json", 400, "malformed_json"},
		{`[` + strings.Repeat(`{"a":`, 70) + `1` + strings.Repeat(`}`, 70) + `]`, "application/json", 400, "malformed_json"},
		{"[]", "application/json", 422, "invalid_input"},
		{many, "application/json", 413, "too_many_events"},
		{`{"id":"a","meter":"ai.messages"}`, "text/plain", 415, "content_type"},
		{`[{"id":"a"}]`, "application/cloudevents+json", 400, "malformed_json"},
	} {
		c.With("Content-Type", tt.kind).Do(t, http.MethodPost, "/v1/usage", tt.body).Refused(t, tt.status, tt.code)
	}
	for _, query := range []string{
		"meter=nothing", "meter=ai.messages&step=week", "meter=ai.messages&group_by=tenant", "meter=ai.messages&top=-1",
		"meter=ai.messages&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "meter=ai.messages&step=hour&from=2020-01-01T00:00:00Z", "meter=seats",
	} {
		c.Do(t, http.MethodGet, "/v1/usage?"+query, nil).Refused(t, http.StatusUnprocessableEntity, "invalid_input")
	}
}

// JSON.stringify writes half a surrogate pair where a product has cut a text: whoever sends such an event again must not keep back the others.
func TestAnEventThatIsNoStrictJSONTakesNoOtherWithIt(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := s.Bearer(s.Session(t, s.NewTenant(t, billing.Pro), rbac.Owner))
	got := use(t, c, `[{"id":"a","meter":"ai.messages"}, {"id":"b","meter":"ai.messages","model":"\ud83d"}, {"id":"c","id":"d","meter":"ai.messages"},
		{"id":"e","meter":"ai.messages","quantity":1,"quantity":2}, {"id":"f","meter":"ai.messages","model":"`+"\xff"+`"}, {"id":"g","meter":"ai.messages"}]`)
	want := []string{"a accepted", "b refused invalid_event", "c refused invalid_event", "e refused invalid_event", "f refused invalid_event", "g accepted"}
	if diff := cmp.Diff(want, got.outcomes()); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// A name that is not ours may be anything, and of any length.
func TestAnUnknownMemberOfAnEventIsNotRepeatedWhole(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	c := s.Bearer(s.Session(t, s.NewTenant(t, billing.Pro), rbac.Owner))
	event := map[string]any{"id": "a", "meter": "ai.messages", strings.Repeat("x", 100_000): 1}
	for _, a := range []*apitest.Answer{
		c.Do(t, http.MethodPost, "/v1/usage", event).Want(t, http.StatusUnprocessableEntity),
		c.Do(t, http.MethodPost, "/v1/usage", []any{event}).Want(t, http.StatusOK),
	} {
		if len(a.Text) > 1000 {
			t.Errorf("the answer has %d bytes, want the name cut", len(a.Text))
		}
	}
}

func TestUsageIsReportedAsCSV(t *testing.T) {
	t.Parallel()
	s := apitest.Start(t)
	tenant := s.NewTenant(t, billing.Pro)
	owner := s.Bearer(s.Session(t, tenant, rbac.Owner))
	use(t, owner, []any{
		map[string]any{"id": "1", "meter": "ai.messages", "quantity": 3, "model": "large, old", "input_tokens": 100},
		map[string]any{"id": "2", "meter": "ai.messages", "quantity": 2, "model": `=HYPERLINK("https://evil.example")`},
		map[string]any{"id": "3", "meter": "ai.messages", "model": "@SUM(A1)"},
	})
	const path = "/v1/usage?meter=ai.messages&group_by=model"
	const want = "meter,model,value,events,input_tokens,output_tokens,cached_tokens,cost,currency\r\n" +
		"ai.messages,\"large, old\",3,1,100,0,0,0,\r\n" +
		"ai.messages,\"'=HYPERLINK(\"\"https://evil.example\"\")\",2,1,0,0,0,0,\r\n" +
		"ai.messages,'@SUM(A1),1,1,0,0,0,0,\r\n"
	for _, accept := range []string{"text/csv", "text/csv, application/json;q=0.9", "text/csv;q=0.2", "TEXT/CSV , */*"} {
		owner.Header.Set("Accept", accept)
		got := owner.Do(t, http.MethodGet, path, nil).Want(t, http.StatusOK)
		if diff := cmp.Diff(want, string(got.Text)); diff != "" {
			t.Errorf("Accept %s (-want +got):\n%s", accept, diff)
		}
		if kind := got.Header.Get("Content-Type"); kind != "text/csv; charset=utf-8; header=present" {
			t.Errorf("Accept %s: Content-Type = %q, want text/csv", accept, kind)
		}
		if got.Header.Get("Content-Disposition") != "attachment" || !slices.Contains(got.Header.Values("Vary"), "Accept") {
			t.Errorf("Accept %s: headers = %v, want an attachment that varies by Accept", accept, got.Header)
		}
	}
	for _, accept := range []string{"", "*/*", "text/*", "application/json", "text/csv, application/json", "text/csv;q=0", "text/csv;q=nonsense", "text/html"} {
		owner.Header.Set("Accept", accept)
		got := owner.Do(t, http.MethodGet, path, nil).Want(t, http.StatusOK)
		if kind := got.Header.Get("Content-Type"); kind != "application/json" {
			t.Errorf("Accept %q: Content-Type = %q, want application/json", accept, kind)
		}
	}
	const parquetType = "application/vnd.apache.parquet"
	for _, accept := range []string{parquetType, "text/csv;q=0.5, application/json;q=0.4, " + parquetType + ";q=0.6"} {
		owner.Header.Set("Accept", accept)
		got := owner.Do(t, http.MethodGet, path, nil).Want(t, http.StatusOK)
		f, err := parquet.OpenFile(strings.NewReader(string(got.Text)), int64(len(got.Text)))
		if err != nil || f.NumRows() != 3 || got.Header.Get("Content-Type") != parquetType || got.Header.Get("Content-Disposition") != "attachment" {
			t.Errorf("Accept %s = %v, %v, want three rows as Parquet", accept, got.Header, err)
		}
	}
	owner.Header.Set("Accept", "text/csv")
	got := owner.Do(t, http.MethodGet, "/v1/usage?meter=nothing", nil).Want(t, http.StatusUnprocessableEntity)
	if kind := got.Header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("a refusal of CSV: Content-Type = %q, want a problem document", kind)
	}
}
