package events_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/testdb"
)

type bench struct{ *testdb.Scoped }

func newBench(tb testing.TB) *bench {
	tb.Helper()
	return &bench{testdb.NewScoped(tb)}
}

func (b *bench) record(ctx context.Context, typ events.Type, target id.Membership, data events.Data) error {
	return b.DB.Tenant(ctx, b.Tenant, func(tx *db.TenantTx) error { return events.Record(ctx, tx, typ, target, data) })
}

func (b *bench) list(tenant id.Tenant, f events.Filter, before id.Event, limit int) (list []events.Event) {
	b.Helper()
	b.Must(b.DB.Tenant(b.Context(), tenant, func(tx *db.TenantTx) (err error) {
		list, err = events.List(b.Context(), tx, f, before, limit)
		return err
	}))
	return list
}

func TestAUD_06_RecordSaysWhoDidWhatFromWhere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := &authn.Principal{Kind: authn.Member, Membership: id.New[id.Membership](), ActingFor: id.New[id.User]()}
	ctx := authn.WithOrigin(authn.With(t.Context(), p), authn.Origin{RequestID: "req_1", Address: "192.0.2.1", UserAgent: "x"})
	target := id.New[id.Membership]()
	b.Must(b.record(ctx, events.MemberRemoved, target, events.Data{"from": "admin"}))
	got := b.list(b.Tenant, events.Filter{}, id.Event{}, 10)
	if len(got) != 1 || got[0].ID.IsZero() || got[0].CreatedAt.IsZero() {
		t.Fatalf("List = %+v, want one event", got)
	}
	want := events.Event{
		ID: got[0].ID, CreatedAt: got[0].CreatedAt, Type: events.MemberRemoved, ActorKind: authn.Member, ActorID: p.Membership.String(),
		ActingFor: p.ActingFor.String(), TargetID: target.String(), Data: json.RawMessage(`{"from": "admin"}`), RequestID: "req_1", Address: "192.0.2.1",
	}
	if diff := cmp.Diff(want, got[0], cmp.Comparer(func(a, b id.Event) bool { return a == b })); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestAUD_04_RecordTakesWhatPeopleSend(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, text := range []string{"plain", "nul \x00 byte", `written \u0000`, "bad \xff byte", "line\nbreak\u2028", "</script>", "\ud7ff😀"} {
		b.Must(b.record(t.Context(), events.TenantRenamed, id.Membership{}, events.Data{"to": text}))
		var data map[string]string
		newest := b.list(b.Tenant, events.Filter{}, id.Event{}, 1)[0]
		if err := json.Unmarshal(newest.Data, &data); err != nil || data["to"] == "" {
			t.Errorf("Record(%q) kept %s (%v)", text, newest.Data, err)
		}
		if newest.ActorKind != authn.Anonymous || newest.ActorID != "" || newest.TargetID != "" {
			t.Errorf("Record by nobody = %+v", newest)
		}
	}
	if err := b.record(t.Context(), events.TenantRenamed, id.Membership{}, events.Data{"f": func() {}}); err == nil {
		t.Error("Record of what is no JSON = nil, want an error")
	}
}

func TestListFiltersAndPages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	target := id.New[id.Membership]()
	p := &authn.Principal{Kind: authn.APIKey, Key: id.New[id.Key]()}
	for range 3 {
		b.Must(b.record(authn.With(t.Context(), p), events.MemberSuspended, target, nil))
		b.Must(b.record(t.Context(), events.MemberResumed, id.New[id.Membership](), nil))
	}
	for _, f := range []events.Filter{{Type: events.MemberSuspended}, {Actor: p.Key.String()}, {Target: target.String()}} {
		if got := b.list(b.Tenant, f, id.Event{}, 10); len(got) != 3 {
			t.Errorf("List(%+v) has %d events, want 3", f, len(got))
		}
	}
	if got := b.list(b.Tenant, events.Filter{Type: events.MemberSuspended, Actor: "nobody"}, id.Event{}, 10); len(got) != 0 {
		t.Errorf("List by nobody = %v, want none", got)
	}
	if got := b.list(b.Tenant, events.Filter{Target: "' OR true --"}, id.Event{}, 10); len(got) != 0 {
		t.Errorf("List of SQL = %v, want none", got)
	}
	var seen []id.Event
	var before id.Event
	for page := b.list(b.Tenant, events.Filter{}, before, 4); len(page) > 0; page = b.list(b.Tenant, events.Filter{}, before, 4) {
		for _, e := range page {
			seen = append(seen, e.ID)
		}
		before = page[len(page)-1].ID
	}
	if len(seen) != 6 {
		t.Errorf("pages have %d events, want 6", len(seen))
	}
	for i := 1; i < len(seen); i++ {
		if seen[i-1].String() <= seen[i].String() {
			t.Errorf("%v comes before %v, want the newest first", seen[i-1], seen[i])
		}
	}
}

func TestAUD_05_EventsOfOtherTenantsAreNotThere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other := b.NewTenant("globex")
	b.Must(b.record(t.Context(), events.MemberResumed, id.Membership{}, nil))
	if got := b.list(other, events.Filter{}, id.Event{}, 10); len(got) != 0 {
		t.Errorf("another tenant sees %v", got)
	}
	err := b.DB.Admit(t.Context(), other, func(_ *db.SystemTx, tx *db.TenantTx) error {
		list, err := events.List(t.Context(), tx, events.Filter{}, id.Event{}, 10)
		if len(list) != 0 {
			t.Errorf("another tenant sees %v when it admits somebody", list)
		}
		return err
	})
	b.Must(err)
}

func TestAUD_01_NobodyRewritesTheLog(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.Must(b.record(t.Context(), events.MemberResumed, id.Membership{}, nil))
	for _, sql := range []string{"UPDATE events SET type = 'x'", "DELETE FROM events", "TRUNCATE events"} {
		if err := b.DB.Tenant(t.Context(), b.Tenant, func(tx *db.TenantTx) error { return tx.DB.Exec(sql).Error }); err == nil {
			t.Errorf("%s as the tenant = nil, want it refused", sql)
		}
		if err := b.DB.System(t.Context(), func(tx *db.SystemTx) error { return tx.DB.Exec(sql).Error }); err == nil {
			t.Errorf("%s as the system = nil, want it refused", sql)
		}
	}
	refused := errors.New("refused")
	err := b.DB.Tenant(t.Context(), b.Tenant, func(tx *db.TenantTx) error {
		return errors.Join(events.Record(t.Context(), tx, events.MemberSuspended, id.Membership{}, nil), refused)
	})
	if !errors.Is(err, refused) || len(b.list(b.Tenant, events.Filter{}, id.Event{}, 10)) != 1 {
		t.Errorf("after a refusal (%v) there are other events than before", err)
	}
}
