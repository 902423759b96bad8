package sessions_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/events"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sessions"
)

const overlap = 10 * time.Minute

func kids(tb testing.TB, jwks []byte) (kids []string) {
	tb.Helper()
	var doc struct {
		Keys []map[string]string `json:"keys"`
	}
	if err := json.Unmarshal(jwks, &doc); err != nil {
		tb.Fatalf("JWKS = %s: %v", jwks, err)
	}
	for _, k := range doc.Keys {
		if len(k) != 7 || k["kty"] != "EC" || k["crv"] != "P-256" || k["use"] != "sig" || k["alg"] != "ES256" || k["d"] != "" {
			tb.Errorf("JWKS has %v", k)
		}
		kids = append(kids, k["kid"])
	}
	return kids
}

func TestEnsureOfManyMakesOneKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 5 { // in the first round some are late, since they still connect
		err := b.db.System(t.Context(), func(sys *db.SystemTx) error { return sys.DB.Exec("DELETE FROM signing_keys").Error })
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				k := b.newKeys()
				if k.Ready() == nil {
					t.Errorf("Ready = nil before a key is loaded")
				}
				if err := k.Ensure(t.Context()); err != nil || k.Ready() != nil {
					t.Errorf("Ensure = %v, Ready = %v", err, k.Ready())
				}
			})
		}
		wg.Wait()
		if n := b.count("SELECT count(*) FROM signing_keys"); n != 1 {
			t.Fatalf("%d keys, want 1", n)
		}
	}
}

func TestRotationOverlaps(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.freezeAt(b.now().UTC().Truncate(time.Second))
	begin := b.now()
	old := b.start()
	first := kids(t, b.sessions.JWKS())
	made, err := b.keys.Rotate(t.Context(), overlap)
	if err != nil {
		t.Fatalf("Rotate = %v", err)
	}
	if got := kids(t, b.sessions.JWKS()); len(got) != 2 || !slices.Contains(got, made.String()) || !slices.Contains(got, first[0]) {
		t.Fatalf("JWKS after the rotation has %v, want both keys", got)
	}
	if kidOf(t, b.start()) != first[0] {
		t.Errorf("the new key signs before it was public for long enough")
	}
	b.freezeAt(begin.Add(time.Minute)) // the publish delay
	next := b.start()
	if kidOf(t, next) != made.String() {
		t.Errorf("the new key does not sign")
	}
	for _, token := range []string{old.Access, next.Access} {
		if _, err := verify(t, b.sessions, token); err != nil {
			t.Errorf("Verify in the overlap = %v", err)
		}
	}
	b.freezeAt(begin.Add(time.Minute + overlap))
	if got := kids(t, b.sessions.JWKS()); !slices.Equal(got, []string{made.String()}) {
		t.Errorf("JWKS after the overlap has %v, want %s", got, made)
	}
	_, err = verify(t, b.sessions, old.Access)
	b.refused("Verify under the retired key", err, sessions.ErrToken)
	if _, err := b.keys.Rotate(t.Context(), overlap); err != nil {
		t.Fatalf("Rotate = %v", err)
	}
	if n := b.count("SELECT count(*) FROM signing_keys WHERE kid = ?", first[0]); n != 0 {
		t.Errorf("the private half of a retired key is kept")
	}
}

func TestRotateRefusesAnOverlapThatKillsTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, d := range []time.Duration{-time.Second, time.Second, sessions.AccessLifetime} {
		if _, err := b.keys.Rotate(t.Context(), d); errs.As(err).Kind != errs.Invalid {
			t.Errorf("Rotate(%s) = %v, want it refused", d, err)
		}
	}
}

func TestARotationIsAnEventOfTheInstallation(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	made, err := b.keys.Rotate(t.Context(), 0)
	if err != nil {
		t.Fatalf("Rotate = %v", err)
	}
	err = b.db.Tenant(t.Context(), id.Installation, func(tx *db.TenantTx) error {
		list, err := events.List(t.Context(), tx, events.Filter{Type: events.SigningKeyRotated}, id.Event{}, 10)
		if len(list) != 1 || list[0].TargetID != made.String() {
			t.Errorf("events = %+v, want one for %s", list, made)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSES_24_RotationWithoutOverlapKillsEveryToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	i := b.start()
	if _, err := verify(t, b.sessions, i.Access); err != nil { // the cache is warm
		t.Fatalf("Verify = %v", err)
	}
	if _, err := b.keys.Rotate(t.Context(), 0); err != nil {
		t.Fatalf("Rotate = %v", err)
	}
	_, err := verify(t, b.sessions, i.Access)
	b.refused("Verify", err, sessions.ErrToken)
	if got := kids(t, b.sessions.JWKS()); len(got) != 1 {
		t.Errorf("JWKS has %v, want one key", got)
	}
	if _, err := verify(t, b.sessions, b.start().Access); err != nil {
		t.Errorf("Verify of a new token = %v", err)
	}
}

func TestSES_24_AnotherInstanceLearnsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	keys := b.newKeys()
	if err := keys.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	elsewhere := b.newSessions(keys, sessions.Config{})
	i := b.start()
	if _, err := verify(t, elsewhere, i.Access); err != nil {
		t.Fatalf("Verify = %v", err)
	}
	if _, err := b.keys.Rotate(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	// No notification came: the first token of the new key tells.
	if _, err := verify(t, elsewhere, b.start().Access); err != nil {
		t.Errorf("Verify of a token of the new key = %v", err)
	}
	_, err := verify(t, elsewhere, i.Access)
	b.refused("Verify of an old token", err, sessions.ErrToken)
}

func TestSES_04_UnknownKeysAskTheDatabaseOnceASecond(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.freezeAt(b.now())
	f, claims := b.forge(), b.claims()
	ctx, counter := db.Count(t.Context())
	for range 50 {
		token := f.token(t, wrong(f.header(), map[string]any{"kid": "nobody"}), claims)
		_, err := b.sessions.Verify(ctx, token)
		b.refused("Verify", err, sessions.ErrToken)
	}
	if n := counter.Statements(); n != 2 {
		t.Errorf("50 unknown keys made %d statements, want one scope with one", n)
	}
}

func TestARowWithoutTheKeyringIsNotTrusted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f, i := b.forge(), b.start()
	// Whoever can write rows gives a key of theirs the sealed half of one of ours.
	err := b.db.System(t.Context(), func(sys *db.SystemTx) error {
		return sys.DB.Exec("UPDATE signing_keys SET private_key = (SELECT private_key FROM signing_keys WHERE kid <> ?) WHERE kid = ?",
			f.kid, f.kid).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.keys.Reload(t.Context()); err == nil {
		t.Errorf("Reload = nil, want the row refused")
	}
	if err := b.newKeys().Ensure(t.Context()); err == nil {
		t.Errorf("Ensure of a new instance = nil, want the row refused")
	}
	if _, err := verify(t, b.sessions, i.Access); err != nil {
		t.Errorf("Verify with the keys of before = %v", err)
	}
}

func TestRunLearnsWhatNoNotificationTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	keys, err := sessions.NewKeys(sessions.KeysConfig{DB: b.db, Keyring: b.ring, ReloadEvery: 10 * time.Millisecond})
	if err != nil {
		t.Fatalf("NewKeys = %v", err)
	}
	elsewhere := b.newSessions(keys, sessions.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- keys.Run(ctx) }()
	for wait := time.Now().Add(5 * time.Second); len(kids(t, elsewhere.JWKS())) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(wait) {
			t.Fatalf("Run has loaded no key")
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v, want nil at the end", err)
	}
}

func TestNewReportsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	if _, err := sessions.New(sessions.Config{Grace: -1, CacheSize: -1}); err == nil || len(unjoin(err)) != 5 {
		t.Errorf("New = %v, want five mistakes", err)
	}
	if _, err := sessions.NewKeys(sessions.KeysConfig{PublishDelay: -1, ReloadEvery: -1}); err == nil || len(unjoin(err)) != 4 {
		t.Errorf("NewKeys = %v, want four mistakes", err)
	}
}

func unjoin(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	return joined.Unwrap()
}

func kidOf(tb testing.TB, i sessions.Issued) string {
	tb.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(i.Access[:strings.IndexByte(i.Access, '.')])
	if err != nil {
		tb.Fatal(err)
	}
	var h struct{ Kid string }
	if err := json.Unmarshal(raw, &h); err != nil {
		tb.Fatal(err)
	}
	return h.Kid
}
