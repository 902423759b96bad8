package conformance

import (
	"context"
	"net/http"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// playRequests delivers an honest document in every way in which it must not, or may, arrive.
func (s *suite) playRequests(ctx context.Context) error {
	st, err := s.samlStand(ctx, samlOptions{mode: samlforge.SignBoth})
	if err != nil {
		return err
	}
	defer st.browser.close()
	if err := st.introduce(ctx, "HTTP"); err != nil {
		return err
	}
	for _, one := range samlforge.Requests() {
		err := st.try(ctx, attack{
			area: Transport, id: one.ID, title: one.Title, expect: one.Outcome, honest: st.as(honest), play: st.deliver(one),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (st *samlStand) deliver(one samlforge.Request) func(context.Context, *visit) (answer, error) {
	return func(ctx context.Context, v *visit) (answer, error) {
		r, err := st.start(ctx, v)
		if err != nil {
			return answer{}, err
		}
		doc, err := samlforge.Response(st.options(r, honest))
		if err != nil {
			return answer{}, err //nolint:wrapcheck // says what it is
		}
		return v.send(ctx, func() (*http.Request, error) {
			return one.Build(samlforge.Post{ACS: st.connection.SAML.SP.ACSURL, Document: doc, RelayState: r.relayState})
		})
	}
}
