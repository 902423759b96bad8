package sessions_test

import (
	"sync"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/sessions"
)

func TestSES_15_AReplacedTokenEndsTheFamily(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	stolen := b.start()
	first := b.mustRefresh(stolen.Refresh)
	second := b.mustRefresh(first.Refresh)
	_, err := b.refresh(stolen.Refresh) // two generations old: no tab is that slow
	b.refused("Refresh", err, sessions.ErrReused)
	for name, token := range map[string]string{"the newest": second.Refresh, "the one before": first.Refresh, "the stolen": stolen.Refresh} {
		_, err := b.refresh(token)
		b.refused("Refresh with "+name, err, sessions.ErrRevoked)
	}
	got := b.events(events.RefreshReused)
	if len(got) != 1 || got[0].TargetID != stolen.Session.String() {
		t.Errorf("events = %+v, want one for %s", got, stolen.Session)
	}
	if n := b.count("SELECT count(*) FROM sessions WHERE id = ? AND revoke_reason = 'refresh_reused'", stolen.Session); n != 1 {
		t.Errorf("the session is not revoked for reuse")
	}
}

func TestSES_15_ReuseAfterTheGraceEndsTheFamily(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.start()
	next := b.mustRefresh(i.Refresh)
	b.freezeAt(next.At.Add(10 * time.Second))
	if again := b.mustRefresh(i.Refresh); again.Refresh != next.Refresh {
		t.Errorf("within the grace the successor differs")
	}
	b.freezeAt(next.At.Add(10*time.Second + time.Millisecond))
	_, err := b.refresh(i.Refresh)
	b.refused("Refresh", err, sessions.ErrReused)
	_, err = b.refresh(next.Refresh)
	b.refused("Refresh", err, sessions.ErrRevoked)
}

func TestSES_16_TwentyTabsGetOneSuccessor(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.start()
	got := make([]sessions.Issued, 20)
	failed := make([]error, len(got))
	var wg sync.WaitGroup
	for n := range got {
		wg.Go(func() { got[n], failed[n] = b.refresh(i.Refresh) })
	}
	wg.Wait()
	for n := range got {
		if failed[n] != nil {
			t.Fatalf("Refresh = %v, want a pair", failed[n])
		}
		if got[n].Refresh != got[0].Refresh || !got[n].RefreshExpires.Equal(got[0].RefreshExpires) {
			t.Errorf("two tabs got different successors")
		}
		if _, err := b.sessions.Verify(t.Context(), got[n].Access); err != nil {
			t.Errorf("Verify = %v", err)
		}
	}
	if n := b.count("SELECT count(*) FROM refresh_tokens WHERE session_id = ?", i.Session); n != 2 {
		t.Errorf("%d generations are stored, want 2", n)
	}
	b.mustRefresh(got[0].Refresh)
}

func TestSES_17_ReuseByAnotherDeviceEndsTheFamily(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.start()
	next := b.mustRefresh(i.Refresh)
	_, err := b.refreshFrom("curl/8", i.Refresh)
	b.refused("Refresh from another device", err, sessions.ErrReused)
	_, err = b.refresh(next.Refresh)
	b.refused("Refresh", err, sessions.ErrRevoked)
}

func TestSES_17_AThiefWhoIsFirstIsFoundByTheOwnersNextRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.start()
	stolen, err := b.refreshFrom("curl/8", i.Refresh)
	if err != nil {
		t.Fatalf("Refresh = %v", err)
	}
	_, err = b.refresh(i.Refresh)
	b.refused("Refresh by the owner", err, sessions.ErrReused)
	_, err = b.refreshFrom("curl/8", stolen.Refresh)
	b.refused("Refresh by the thief", err, sessions.ErrRevoked)
}

func TestSES_18_ATokenOfAnotherTenantIsNobodys(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.start()
	other, _ := b.newTenant("globex")
	cred := parse(t, i.Refresh)
	elsewhere := cred
	elsewhere.Tenant = other.ID.Bytes()
	for name, c := range map[string]secret.Credential{"as it is": cred, "renamed": elsewhere} {
		err := b.db.Tenant(t.Context(), other.ID, func(tx *db.TenantTx) error {
			_, err := b.sessions.Refresh(t.Context(), tx, c)
			return err
		})
		b.refused("Refresh in another tenant, "+name, err, sessions.ErrSession)
	}
	b.mustRefresh(i.Refresh)
}

func TestAGuessedTokenChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.start()
	cred := parse(t, i.Refresh)
	wrong, ahead, link := cred, cred, cred
	wrong.Secret[31] ^= 1
	ahead.Generation = 2
	link.Prefix = secret.PrefixSignInLink
	unknown := secret.Issue(secret.PrefixRefresh, cred.Tenant, id.New[id.Session]().Bytes(), 1)
	for name, c := range map[string]secret.Credential{"wrong": wrong, "ahead": ahead, "link": link, "unknown": unknown} {
		err := b.in(func(tx *db.TenantTx) error {
			_, err := b.sessions.Refresh(t.Context(), tx, c)
			return err
		})
		b.refused("Refresh with a token that is "+name, err, sessions.ErrSession)
	}
	b.mustRefresh(i.Refresh)
}
