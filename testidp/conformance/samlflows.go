package conformance

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"sync"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// playFlows tries honest documents where and when they do not belong. Two tenants share one provider, so that nothing but the connection
// tells their people apart.
func (s *suite) playFlows(ctx context.Context) error {
	a, err := s.samlStand(ctx, samlOptions{mode: samlforge.SignBoth})
	if err != nil {
		return err
	}
	defer a.browser.close()
	b, err := s.samlStand(ctx, samlOptions{mode: samlforge.SignBoth, idp: a.idp, key: a.key})
	if err != nil {
		return err
	}
	defer b.browser.close()
	for _, st := range []*samlStand{a, b} {
		if err := st.introduce(ctx, "flows"); err != nil {
			return err
		}
	}
	for _, one := range append(a.replays(), crossings(a, b)...) {
		one.expect = samlforge.Refuse
		if err := a.try(ctx, one); err != nil {
			return err
		}
	}
	return a.race(ctx)
}

// asked begins a sign-in and has the provider answer it.
func (st *samlStand) asked(ctx context.Context, v *visit) (request, []byte, error) {
	r, err := st.start(ctx, v)
	if err != nil {
		return r, nil, err
	}
	doc, err := samlforge.Response(st.options(r, honest))
	return r, doc, err //nolint:wrapcheck // says what it is
}

// after begins a sign-in, has it answered, and leaves it to then what becomes of the answer.
func (st *samlStand) after(then func(context.Context, *visit, request, []byte) (answer, error)) func(context.Context, *visit) (answer, error) {
	return func(ctx context.Context, v *visit) (answer, error) {
		r, doc, err := st.asked(ctx, v)
		if err != nil {
			return answer{}, err
		}
		return then(ctx, v, r, doc)
	}
}

// spent is an attack with a response that has brought its person in already; again plays it in a sign-in of its own.
func (st *samlStand) spent(id, title string, change func([]byte) ([]byte, error), again bool) attack {
	var r request
	var doc []byte
	return attack{
		area: Replay, id: id, title: title,
		prepare: func(ctx context.Context, v *visit) (err error) {
			first := st.browser.visit()
			if r, doc, err = st.asked(ctx, first); err != nil {
				return err
			}
			maps.Copy(v.cookies, first.cookies)
			return st.mustEnter(ctx, first, doc, r.relayState)
		},
		play: func(ctx context.Context, v *visit) (answer, error) {
			if again {
				var err error
				if r, err = st.start(ctx, v); err != nil {
					return answer{}, err
				}
			}
			changed, err := change(doc)
			if err != nil {
				return answer{}, err
			}
			return st.post(ctx, v, changed, r.relayState)
		},
	}
}

func (st *samlStand) replays() []attack {
	same := func(doc []byte) ([]byte, error) { return doc, nil }
	return []attack{
		st.spent("SAML-133", "the same response once more, with the cookie of its sign-in", same, false),
		st.spent("SAML-133-later", "the same response in the next sign-in", same, true),
		st.spent("SAML-135", "the same assertion in a new envelope", samlforge.Reissue, false),
		{area: Replay, id: "SAML-138-browser", title: "an answer in another browser, without a cookie", play: func(ctx context.Context, v *visit) (answer, error) {
			r, doc, err := st.asked(ctx, st.browser.visit())
			if err != nil {
				return answer{}, err
			}
			return st.post(ctx, v, doc, r.relayState)
		}},
		{area: Replay, id: "SAML-138-cookie", title: "an answer in another browser, which has a sign-in of its own", play: func(ctx context.Context, v *visit) (answer, error) {
			r, doc, err := st.asked(ctx, st.browser.visit())
			if err != nil {
				return answer{}, err
			}
			if _, err := st.start(ctx, v); err != nil {
				return answer{}, err
			}
			return st.post(ctx, v, doc, r.relayState)
		}},
		{area: Replay, id: "SAML-138-swapped", title: "the answer to another sign-in of the same browser", play: st.after(
			func(ctx context.Context, v *visit, _ request, doc []byte) (answer, error) {
				other, err := st.start(ctx, v)
				if err != nil {
					return answer{}, err
				}
				return st.post(ctx, v, doc, other.relayState)
			})},
		{area: Replay, id: "SAML-141", title: "an honest answer without its RelayState", play: st.after(
			func(ctx context.Context, v *visit, _ request, doc []byte) (answer, error) {
				return st.post(ctx, v, doc, "")
			})},
		{area: Replay, id: "SAML-141-state", title: "an honest answer with a RelayState that nobody gave out", play: st.after(
			func(ctx context.Context, v *visit, _ request, doc []byte) (answer, error) {
				return st.post(ctx, v, doc, "https://evil.test/")
			})},
	}
}

// mustEnter posts a document that has to bring its person in.
func (st *samlStand) mustEnter(ctx context.Context, v *visit, doc []byte, relayState string) error {
	a, err := st.post(ctx, v, doc, relayState)
	if err == nil && !v.hasSession() {
		err = fmt.Errorf("an honest answer was refused: %d %s", a.status, a.code)
	}
	return err
}

// crossings bring what one tenant's people hold to another one. They are tried in a; b is the other.
func crossings(a, b *samlStand) []attack {
	return []attack{
		{area: Tenants, id: "XT-01", title: "an answer for one organization, posted to another's address", play: a.after(
			func(ctx context.Context, v *visit, r request, doc []byte) (answer, error) {
				return b.post(ctx, v, doc, r.relayState)
			})},
		{area: Tenants, id: "XT-02", title: "an answer for another organization of the same provider, in this one's sign-in", play: a.after(
			func(ctx context.Context, v *visit, r request, _ []byte) (answer, error) {
				doc, err := samlforge.Response(b.options(r, honest))
				if err != nil {
					return answer{}, err //nolint:wrapcheck // says what it is
				}
				return a.post(ctx, v, doc, r.relayState)
			})},
		{area: Tenants, id: "XT-02-readdressed", title: "the same, readdressed, for another audience", play: a.after(
			func(ctx context.Context, v *visit, r request, _ []byte) (answer, error) {
				o := a.options(r, honest)
				o.SP = b.connection.SAML.SP.EntityID
				doc, err := samlforge.Response(o)
				if err != nil {
					return answer{}, err //nolint:wrapcheck // says what it is
				}
				return a.post(ctx, v, doc, r.relayState)
			})},
		{area: Tenants, id: "SAML-139", title: "an answer to a sign-in of another organization", play: func(ctx context.Context, v *visit) (answer, error) {
			r, err := b.start(ctx, v)
			if err != nil {
				return answer{}, err
			}
			doc, err := samlforge.Response(a.options(r, honest))
			if err != nil {
				return answer{}, err //nolint:wrapcheck // says what it is
			}
			return a.post(ctx, v, doc, r.relayState)
		}},
		{area: Tenants, id: "XT-38", title: "an honest answer with the state of another organization's sign-in", play: a.after(
			func(ctx context.Context, v *visit, _ request, doc []byte) (answer, error) {
				other, err := b.start(ctx, v)
				if err != nil {
					return answer{}, err
				}
				return a.post(ctx, v, doc, other.relayState)
			})},
	}
}

// racers is how many send one response at the same moment.
const racers = 50

// race posts one response many times at once: one of them may come in.
func (st *samlStand) race(ctx context.Context) error {
	v := st.browser.visit()
	r, doc, err := st.asked(ctx, v)
	if err != nil {
		return err
	}
	windows := make([]*visit, racers)
	errs := make([]error, racers)
	var all sync.WaitGroup
	for i := range windows {
		windows[i] = st.browser.visit()
		maps.Copy(windows[i].cookies, v.cookies)
		all.Go(func() { _, errs[i] = st.post(ctx, windows[i], doc, r.relayState) })
	}
	all.Wait()
	sessions := 0
	for i, w := range windows {
		if errs[i] != nil {
			return errs[i]
		}
		if w.hasSession() {
			sessions++
		}
	}
	result := Result{
		Area: Replay, ID: "SAML-134", Title: fmt.Sprintf("one response %d times at once", racers), Expect: samlforge.Refuse, Verdict: Refused, Status: http.StatusForbidden,
	}
	if sessions > 1 {
		result.Verdict, result.Problem = Failed, fmt.Sprintf("%d sessions came of one response", sessions)
	}
	st.record(result)
	return nil
}
