package conformance

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/testidp/samlforge"
)

// playMetadata pastes hostile metadata into connections.
func (s *suite) playMetadata(ctx context.Context) error {
	st, err := s.stand(ctx)
	if err != nil {
		return err
	}
	defer st.browser.close()
	key, err := samlforge.NewKey(samlforge.RSA2048, now().Add(-time.Hour), now().Add(90*24*time.Hour))
	if err != nil {
		return err //nolint:wrapcheck // says what it is
	}
	for _, one := range samlforge.MetadataScenarios() {
		if s.Development && strings.Contains(one.Title, "127.0.0.1") {
			continue // where providers of this machine are welcome
		}
		if err := st.paste(ctx, one, key); err != nil {
			return err
		}
	}
	return nil
}

func (st *stand) paste(ctx context.Context, one samlforge.MetadataScenario, key *samlforge.Key) error {
	idp := "https://idp." + st.tenant.Domain
	o := samlforge.MetadataOptions{
		EntityID: idp + "/metadata", SSO: []samlforge.Endpoint{{Binding: samlforge.RedirectBinding, Location: idp + "/sso"}},
		Signing: []*x509.Certificate{key.Cert},
	}
	settings := map[string]any{}
	if one.Pinned {
		sum := sha256.Sum256(key.Cert.Raw)
		o.Key, settings["pinned_key"] = key, hex.EncodeToString(sum[:])
	}
	doc, err := one.Build(o, now(), st.tools)
	if err != nil {
		return fmt.Errorf("%s: %w", one.ID, err)
	}
	settings["metadata"] = string(doc)
	result := Result{Area: Metadata, ID: one.ID, Title: one.Title, Expect: one.Outcome, Verdict: Accepted, Status: http.StatusCreated}
	err = st.call(ctx, http.MethodPost, "/v1/connections", map[string]any{"protocol": "saml", "name": "Hostile", "saml": settings}, nil)
	if no, ok := errors.AsType[*refusal](err); ok {
		result.Status, result.Code = no.status, no.code
	} else if err != nil {
		return err
	}
	result.settle()
	st.record(result)
	return nil
}

// settle judges a configuration, of which nothing but the answer is to be seen.
func (r *Result) settle() {
	taken := r.Status < http.StatusBadRequest
	switch {
	case r.Status >= http.StatusInternalServerError:
		r.Verdict, r.Problem = Failed, fmt.Sprintf("the server failed with %d %s", r.Status, r.Code)
	case taken && r.Expect == samlforge.Refuse:
		r.Verdict, r.Problem = Failed, "the connection was saved"
	case !taken && r.Expect == samlforge.Accept:
		r.Verdict, r.Problem = Failed, "an honest provider was refused: "+r.Code
	case taken:
		r.Verdict = Accepted
	default:
		r.Verdict = Refused
	}
}
