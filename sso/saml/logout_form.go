package saml

import (
	"net/http"
	"net/url"

	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml/xmlsig"
)

// Limits of logout messages, which are short.
const (
	maxLogout     = 256 << 10
	maxLogoutForm = 512 << 10
)

// logoutForm is a message of the POST binding. It proves nothing.
type logoutForm struct {
	parameter  logoutParameter
	document   []byte
	relayState string
}

// readLogoutForm holds a request to SAML 2.0 Bindings, section 3.5.4: one message and at most one RelayState, in the body and nowhere else.
func readLogoutForm(r *http.Request) (logoutForm, error) {
	if r.Method != http.MethodPost || r.URL.RawQuery != "" || r.URL.ForceQuery || !urlencoded(r.Header) || r.ContentLength > maxLogoutForm {
		return logoutForm{}, malformed(errForm)
	}
	body, err := readBody(r)
	if err != nil {
		return logoutForm{}, err
	}
	if len(body) > maxLogoutForm {
		return logoutForm{}, sso.Refuse(sso.ResponseTooLarge)
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil || len(fields) > maxFields {
		return logoutForm{}, malformed(errForm)
	}
	requests, responses, states := fields["SAMLRequest"], fields["SAMLResponse"], fields["RelayState"]
	if len(requests)+len(responses) != 1 || len(states) > 1 || fields.Has("SAMLart") {
		return logoutForm{}, malformed(errForm)
	}
	f := logoutForm{parameter: logoutParameter(xmlsig.SAMLRequest), relayState: fields.Get("RelayState")}
	if len(f.relayState) > maxRelayState {
		return logoutForm{}, malformed(errForm)
	}
	if len(responses) == 1 {
		f.parameter = logoutParameter(xmlsig.SAMLResponse)
	}
	if f.document, err = decode(append(requests, responses...)[0]); err != nil {
		return logoutForm{}, err
	}
	if len(f.document) > maxLogout {
		return logoutForm{}, sso.Refuse(sso.ResponseTooLarge)
	}
	return f, nil
}
