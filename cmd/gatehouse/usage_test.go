package main_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/billing/usage"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
)

const meteredCatalog = `version: 1
features:
  ai.tokens: {numbers: {free: 1000}, period: month, meter: {unit: tokens}}
  calls: {numbers: {free: 1000}, period: month, meter: true}
  unused: {numbers: {free: 1000}, period: month, meter: true}
`

// recorder records usage in the database of a world, as a server does.
type recorder struct {
	*usage.Recorder
	folder *usage.Folder
}

func (w world) recorder(tb testing.TB) recorder {
	tb.Helper()
	d, err := db.Open(tb.Context(), db.Config{URL: w.URL})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	pool, err := usage.Open(tb.Context(), d)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	r, err := usage.New(usage.Config{Pool: pool})
	if err != nil {
		tb.Fatal(err)
	}
	folder, err := usage.NewFolder(pool, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("Run() = %v", err)
		}
	})
	return recorder{r, folder}
}

func (r recorder) record(tb testing.TB, events ...usage.Event) {
	tb.Helper()
	outcomes, err := r.Record(tb.Context(), events...)
	if err != nil {
		tb.Fatalf("Record() = %v", err)
	}
	for i, o := range outcomes {
		if o.Status != usage.Accepted {
			tb.Fatalf("Record(%+v) = %+v, want it accepted", events[i], o)
		}
	}
}

// fold folds until nothing is left. Transactions of other tests hold it back.
func (r recorder) fold(tb testing.TB, w world) {
	tb.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := r.folder.Fold(tb.Context()); err != nil {
			tb.Fatalf("Fold() = %v", err)
		}
		if w.query(tb, "SELECT CAST(count(*) AS text) FROM usage_events WHERE txid >= (SELECT txid FROM usage_watermark)") == "0" {
			return
		}
	}
	tb.Fatal("usage is not folded")
}

func (c created) id(tb testing.TB) (tenant id.Tenant) {
	tb.Helper()
	if err := tenant.UnmarshalText([]byte(c.Tenant)); err != nil {
		tb.Fatal(err)
	}
	return tenant
}

// metered is a world with two tenants, and its recorder.
func metered(tb testing.TB) (w world, r recorder, acme, globex id.Tenant) {
	tb.Helper()
	w = newWorld(tb)
	succeed(tb, w.env, "catalog", "apply", catalogFile(tb, meteredCatalog))
	return w, w.recorder(tb), w.tenant(tb, "acme", "free").id(tb), w.tenant(tb, "globex", "free").id(tb)
}

func TestUsageReport(t *testing.T) {
	t.Parallel()
	w, r, acme, globex := metered(t)
	ada := id.New[id.User]()
	now := time.Now().UTC()
	day, month := now.Format(time.DateOnly), now.Format("2006-01")
	r.record(t,
		usage.Event{Tenant: acme, Meter: "ai.tokens", Quantity: 800, User: ada, Model: "large", InputTokens: 500, Cost: 1_500_000, Currency: "USD"},
		usage.Event{Tenant: acme, Meter: "ai.tokens", Quantity: 40, Model: "=1+1\x1b[2J"},
		usage.Event{Tenant: acme, Meter: "calls", Quantity: 1, User: ada},
		usage.Event{Tenant: globex, Meter: "calls", Quantity: 77},
	)
	for _, tc := range []struct{ line, want string }{
		{"--by user", "METER      USER                            VALUE  EVENTS  INPUT_TOKENS  COST    CURRENCY\n" +
			"ai.tokens  " + ada.String() + "  800    1       500           0.0015  USD\n" +
			"ai.tokens                                  40     1       0             0       \n" +
			"calls      " + ada.String() + "  1      1       0             0       \n"},
		{"--month " + month + " --meter calls", "METER  VALUE  EVENTS\ncalls  1      1\n"},
		{"--from " + day + " --meter unused", "METER  VALUE  EVENTS\n"},
		{
			"--by model --meter ai.tokens --step day --top 1 --format csv",
			"meter,starts_at,model,value,events,input_tokens,output_tokens,cached_tokens,cost,currency\r\n" +
				"ai.tokens," + day + "T00:00:00Z,large,800,1,500,0,0,1500000,USD\r\n",
		},
		{"--month 2001-01", "METER  VALUE  EVENTS\n"},
	} {
		if diff := cmp.Diff(tc.want, succeed(t, w.env, args("usage report --tenant acme "+tc.line)...)); diff != "" {
			t.Errorf("usage report %s (-want +got):\n%s", tc.line, diff)
		}
	}
	if got := succeed(t, w.env, args("usage report --tenant acme --by model")...); strings.Contains(got, "\x1b") || !strings.Contains(got, `"=1+1\x1b[2J"`) {
		t.Errorf("usage report printed %q, want what a customer wrote without its control characters", got)
	}
	records, err := csv.NewReader(strings.NewReader(succeed(t, w.env, args("usage report --tenant acme --by model --format csv")...))).ReadAll()
	if err != nil || len(records) != 4 || records[2][1] != "'=1+1\x1b[2J" {
		t.Errorf("usage report --format csv = %q, %v, want a formula made a text", records, err)
	}
	for _, meter := range []string{"calls", "unused"} {
		got := succeed(t, w.env, args("usage report --tenant acme --format parquet --meter "+meter)...)
		if !strings.HasPrefix(got, "PAR1") || !strings.HasSuffix(got, "PAR1") {
			t.Errorf("usage report --format parquet --meter %s = %q, want a Parquet file", meter, got)
		}
	}
	type report struct {
		Meter, Unit, Aggregation string
		From, To                 time.Time
		Rows                     []struct {
			User     string
			Value    int64
			Events   int64
			Input    int64 `json:"input_tokens"`
			Cost     int64
			Currency string
		}
	}
	got := decode[[]report](t, succeed(t, w.env, args("usage report --tenant acme --by user --meter ai.tokens --format json")...))
	if len(got) != 1 || got[0].Unit != "tokens" || got[0].From.Format(time.DateOnly) != month+"-01" || len(got[0].Rows) != 2 ||
		got[0].Rows[0].User != ada.String() || got[0].Rows[0].Cost != 1_500_000 {
		t.Errorf("usage report --format json = %+v", got)
	}
	for _, tc := range []struct{ line, want string }{
		{"--by nonsense", "group_by: The groups are some of"},
		{"--meter nothing", `the catalog has no meter "nothing"`},
		{"--month november", "--month \"november\" is no month"},
		{"--month 2026-11 --from 2026-11-01", "none of the others can be"},
		{"--from yesterday", "neither a date"},
		{"--from 2026-11-02 --to 2026-11-01", "ends before it begins"},
		{"--step week", "step: The steps are"},
		{"--format xml", "neither table, csv, json nor parquet"},
		{"--format parquet", "of one --meter"},
		{"--tenant nobody", "nobody"},
	} {
		if said := fail(t, w.env, args("usage report --tenant acme "+tc.line)...); !strings.Contains(said, tc.want) {
			t.Errorf("usage report %s said %q, want %q", tc.line, said, tc.want)
		}
	}
}

func TestUsageTailPrintsWhatComes(t *testing.T) {
	t.Parallel()
	w, r, acme, globex := metered(t)
	r.record(t, usage.Event{Tenant: acme, Meter: "calls", Quantity: 1})
	p := start(t, program(w.env, args("usage tail --tenant acme")...))
	p.says(t, p.stderr, "new usage of acme from now on\n")
	ada := id.New[id.User]()
	r.record(t,
		usage.Event{Tenant: globex, Meter: "calls", Quantity: 2},
		usage.Event{
			Key: "a-secret-key", Tenant: acme, Meter: "ai.tokens", Quantity: 800, User: ada, Role: "member", Plan: "free", Model: "large\nforged line",
			Route: "POST /chat", InputTokens: 500, Cost: 1_500_000, Currency: "USD",
		},
	)
	p.says(t, p.out, `(?m)^\S+Z ai\.tokens 800 user=`+ada.String()+` role=member plan=free model="large\\nforged line" route="POST /chat" `+
		`input_tokens=500 cost="0\.0015 USD"$`)
	r.record(t, usage.Event{Tenant: acme, Meter: "calls", Quantity: 3})
	p.says(t, p.out, `(?m)^\S+Z calls 3$`)
	p.signal(t, syscall.SIGINT)
	if code := p.wait(t); code != 0 || strings.Count(p.out.String(), "\n") != 2 {
		t.Errorf("usage tail ended with %d and printed\n%swant 0 and two lines", code, p.out)
	}
	if all := p.out.String() + p.stderr.String(); strings.Contains(all, "secret") {
		t.Errorf("usage tail printed a key:\n%s", all)
	}
}

func TestUsageVerifyFindsADamagedSum(t *testing.T) {
	t.Parallel()
	w, r, acme, globex := metered(t)
	r.record(t, usage.Event{Tenant: acme, Meter: "ai.tokens", Quantity: 800}, usage.Event{Tenant: globex, Meter: "calls", Quantity: 2})
	r.fold(t, w)
	day := w.query(t, "SELECT to_char(min(starts_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM usage_days")
	if got := succeed(t, w.env, args("usage verify")...); !strings.HasPrefix(got, "events, sums and seals agree from ") {
		t.Errorf("usage verify printed %q, want that all is well", got)
	}
	w.exec(t, "UPDATE usage_days SET quantity = quantity - 1 WHERE meter = 'ai.tokens'")
	want := "TENANT                          METER      DAY         WRONG SUMS  EVENTS: RAW / HOURS / DAYS  QUANTITY: RAW / HOURS / DAYS  COST: RAW / HOURS / DAYS\n" +
		fmt.Sprintf("%s  ai.tokens  %s  1           1 / 1 / 1                   800 / 800 / 799               0 / 0 / 0\n", acme, day)
	for _, line := range []string{"usage verify", "usage verify --tenant acme", "usage verify --from " + day} {
		got := command(t, w.env, args(line)...)
		if diff := cmp.Diff(want, got.out); diff != "" || got.code != 1 || got.err != "" {
			t.Errorf("%s ended with %d, said %q and printed (-want +got):\n%s", line, got.code, got.err, diff)
		}
	}
	if got := command(t, w.env, args("usage verify --json")...); got.code != 1 || !strings.Contains(got.out, `"day_quantity": 799`) {
		t.Errorf("usage verify --json ended with %d and printed %s, want 1 and the difference", got.code, got.out)
	}
	succeed(t, w.env, args("usage verify --tenant globex")...)
	for _, tc := range []struct{ line, want string }{
		{"--from " + day + "T01:00:00Z", "are days"},
		{"--from " + day + " --to " + day, "not after"},
		{"--tenant nobody", "nobody"},
	} {
		if said := fail(t, w.env, args("usage verify "+tc.line)...); !strings.Contains(said, tc.want) {
			t.Errorf("usage verify %s said %q, want %q", tc.line, said, tc.want)
		}
	}
}
