package samlforge

import (
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// LogoutScenario is a named forgery of a logout message. Its ID is that of the failure in the project's security catalog,
// with a suffix where one failure has several forms.
type LogoutScenario struct {
	ID      string
	Title   string
	Outcome Outcome
	// Bindings are those in which the forgery makes sense, Message whether it is a request or a response.
	Bindings []string
	Message  Parameter
	// Build makes the message from the options of an honest one, with a Key, for one of the bindings.
	Build func(LogoutOptions, string, *Tools) (LogoutMessage, error)
}

// LogoutScenarios lists every named forgery of a logout message.
func LogoutScenarios() []LogoutScenario {
	return append(logoutRequestScenarios(), append(redirectScenarios(), logoutResponseScenarios()...)...)
}

type logoutRow struct {
	id, title string
	change    func(*LogoutOptions, *Tools)
}

func logouts(message Parameter, rows ...logoutRow) []LogoutScenario {
	list := make([]LogoutScenario, 0, len(rows))
	for _, r := range rows {
		list = append(list, LogoutScenario{
			ID: r.id, Title: r.title, Outcome: Refuse, Bindings: []string{PostBinding, RedirectBinding}, Message: message,
			Build: func(o LogoutOptions, binding string, t *Tools) (LogoutMessage, error) {
				o.Binding = binding
				o = o.filled()
				r.change(&o, t)
				if message == SAMLRequest {
					return LogoutRequest(o)
				}
				return LogoutResponse(o)
			},
		})
	}
	return list
}

// logoutEdit changes the document before it is signed.
func logoutEdit(f func(*etree.Element, *LogoutOptions)) func(*LogoutOptions, *Tools) {
	return func(o *LogoutOptions, _ *Tools) {
		o.BeforeSign = func(doc *etree.Document) { f(doc.Root(), o) }
	}
}

func logoutRequestScenarios() []LogoutScenario {
	list := logouts(SAMLRequest,
		logoutRow{"SAML-170", "unsigned request", func(o *LogoutOptions, _ *Tools) { o.Key = nil }},
		logoutRow{"SAML-171", "request signed with another provider's key", func(o *LogoutOptions, t *Tools) { o.Key = t.Attacker }},
		logoutRow{"SAML-171-shown", "request signed with another key, the right certificate is shown", func(o *LogoutOptions, t *Tools) {
			o.Signing.KeyInfo = o.Key.Cert
			o.Key = t.Attacker
		}},
		logoutRow{"SAML-170-sha1", "request signed with SHA-1", func(o *LogoutOptions, _ *Tools) {
			o.Signing.Method, o.Signing.Digest = RSASHA1, SHA1
		}},
		logoutRow{"SAML-172-expired", "expired request", func(o *LogoutOptions, _ *Tools) { o.NotOnOrAfter = o.Now.Add(-10 * time.Minute) }},
		logoutRow{"SAML-172-old", "request of an hour ago", func(o *LogoutOptions, _ *Tools) {
			o.Now = o.Now.Add(-time.Hour)
			o.NotOnOrAfter = o.Now.Add(5 * time.Minute)
		}},
		logoutRow{"SAML-172-future", "request from tomorrow", func(o *LogoutOptions, _ *Tools) {
			o.Now = o.Now.Add(24 * time.Hour)
			o.NotOnOrAfter = o.Now.Add(5 * time.Minute)
		}},
		logoutRow{"SAML-172-destination", "request for another address", func(o *LogoutOptions, _ *Tools) { o.Destination = o.OtherDestination }},
		logoutRow{"SAML-172-issuer", "request of another issuer", func(o *LogoutOptions, _ *Tools) { o.IdP = o.OtherIdP }},
		logoutRow{"SAML-172-no-issuer", "request without an issuer", logoutEdit(func(root *etree.Element, _ *LogoutOptions) {
			root.RemoveChild(root.SelectElement("saml:Issuer"))
		})},
		logoutRow{"SAML-172-version", "request of version 1.1", logoutEdit(func(root *etree.Element, _ *LogoutOptions) {
			root.CreateAttr("Version", "1.1")
		})},
		logoutRow{"SAML-173-nameid", "request without NameID", logoutEdit(func(root *etree.Element, _ *LogoutOptions) {
			root.RemoveChild(root.SelectElement("saml:NameID"))
		})},
		logoutRow{"SAML-035-type", "a signed response in the place of the request", logoutEdit(func(root *etree.Element, _ *LogoutOptions) {
			root.Tag = "LogoutResponse"
		})},
		logoutRow{"SAML-175-empty", "an empty document", func(o *LogoutOptions, _ *Tools) { o.Wire = func([]byte) []byte { return nil } }},
		logoutRow{"SAML-058-logout", "a document type", func(o *LogoutOptions, _ *Tools) {
			o.Wire = func(doc []byte) []byte { return append([]byte(`<!DOCTYPE r [<!ENTITY x "y">]>`), doc...) }
		}},
	)
	// Whether these end a session or end nothing: they must not end that of the victim.
	return append(list, limited(logouts(SAMLRequest,
		logoutRow{"SAML-173-format", "request for a NameID of another format", func(o *LogoutOptions, _ *Tools) { o.Subject.Format = Transient }},
		logoutRow{"SAML-173-qualifier", "request for a NameID of another qualifier", func(o *LogoutOptions, _ *Tools) {
			o.Subject.NameQualifier = o.OtherIdP
		}},
		logoutRow{"SAML-173-index", "request for another session of the person", func(o *LogoutOptions, _ *Tools) { o.SessionIndex = NewID() }},
		logoutRow{"SAML-173-nobody", "request for somebody else", func(o *LogoutOptions, _ *Tools) { o.Subject.Value = "nobody@honest.test" }},
	))...)
}

func limited(list []LogoutScenario) []LogoutScenario {
	for i := range list {
		list[i].Outcome = Limit
	}
	return list
}

// redirectScenarios change the query that is signed.
func redirectScenarios() []LogoutScenario {
	row := func(id, title string, change func(string) string) LogoutScenario {
		return LogoutScenario{
			ID: id, Title: title, Outcome: Refuse, Bindings: []string{RedirectBinding}, Message: SAMLRequest,
			Build: func(o LogoutOptions, binding string, _ *Tools) (LogoutMessage, error) {
				o.Binding = binding
				m, err := LogoutRequest(o)
				m.Query = change(m.Query)
				return m, err
			},
		}
	}
	without := func(names ...string) func(string) string {
		return func(query string) string {
			var rest []string
			for part := range strings.SplitSeq(query, "&") {
				keep := true
				for _, name := range names {
					keep = keep && !strings.HasPrefix(part, name+"=")
				}
				if keep {
					rest = append(rest, part)
				}
			}
			return strings.Join(rest, "&")
		}
	}
	list := []LogoutScenario{
		row("SAML-174", "the signature removed from the query", without("SigAlg", "Signature")),
		row("SAML-174-signature", "Signature removed, SigAlg left", without("Signature")),
		row("SAML-174-sigalg", "SigAlg removed, Signature left", without("SigAlg")),
		row("SAML-174-empty", "an empty Signature", func(q string) string { return without("Signature")(q) + "&Signature=" }),
		row("SAML-174-relaystate", "a RelayState that was not signed", func(q string) string {
			return strings.Replace(without("RelayState")(q), "&SigAlg", "&RelayState=other&SigAlg", 1)
		}),
		row("SAML-174-twice", "two requests in one query", func(q string) string { return strings.SplitN(q, "&", 2)[0] + "&" + q }),
		row("SAML-174-both", "a request and a response in one query", func(q string) string {
			return q + "&SAMLResponse=" + strings.TrimPrefix(strings.SplitN(q, "&", 2)[0], "SAMLRequest=")
		}),
		row("SAML-174-encoding", "an encoding that nobody knows", func(q string) string { return q + "&SAMLEncoding=urn:x" }),
		row("SAML-075", "forty kilobytes that inflate to a hundred megabytes", func(string) string {
			return "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(Deflate(make([]byte, 100<<20))))
		}),
		row("SAML-075-broken", "a message that cannot be inflated", func(string) string { return "SAMLRequest=AAAA" }),
	}
	embedded := logouts(SAMLRequest, logoutRow{"SAML-174-embedded", "a signature inside the document instead", nil})
	embedded[0].Bindings = []string{RedirectBinding}
	embedded[0].Build = func(o LogoutOptions, _ string, _ *Tools) (LogoutMessage, error) {
		m, err := LogoutRequest(o)
		if err != nil {
			return m, err
		}
		raw, err := base64.StdEncoding.DecodeString(m.Form.Get("SAMLRequest"))
		if err != nil {
			return m, err
		}
		query, err := Query(SAMLRequest, raw, o.RelayState, nil, "")
		return LogoutMessage{Query: query}, err
	}
	reordered := row("SAML-174-order", "the parameters in another order", func(q string) string {
		parts := strings.Split(q, "&")
		parts[0], parts[len(parts)-1] = parts[len(parts)-1], parts[0]
		return strings.Join(parts, "&")
	})
	// The signature is over a fixed order, whatever the order in the query: a receiver may sort, or refuse.
	reordered.Outcome = Limit
	return append(append(list, embedded...), reordered)
}

func logoutResponseScenarios() []LogoutScenario {
	return logouts(SAMLResponse,
		logoutRow{"SAML-175-issuer", "response without an issuer", logoutEdit(func(root *etree.Element, _ *LogoutOptions) {
			root.RemoveChild(root.SelectElement("saml:Issuer"))
		})},
		logoutRow{"SAML-175-other-issuer", "response of another issuer", func(o *LogoutOptions, _ *Tools) { o.IdP = o.OtherIdP }},
		logoutRow{"SAML-175-inresponseto", "response to another request", func(o *LogoutOptions, _ *Tools) { o.InResponseTo = NewID() }},
		logoutRow{"SAML-175-unasked", "response to no request", func(o *LogoutOptions, _ *Tools) { o.InResponseTo = "" }},
		logoutRow{"SAML-175-blank", "an empty document as response", func(o *LogoutOptions, _ *Tools) { o.Wire = func([]byte) []byte { return nil } }},
		logoutRow{"SAML-175-unsigned", "unsigned response", func(o *LogoutOptions, _ *Tools) { o.Key = nil }},
		logoutRow{"SAML-175-key", "response signed with another key", func(o *LogoutOptions, t *Tools) { o.Key = t.Attacker }},
		logoutRow{"SAML-175-destination", "response for another address", func(o *LogoutOptions, _ *Tools) { o.Destination = o.OtherDestination }},
		logoutRow{"SAML-175-status", "response without a status", logoutEdit(func(root *etree.Element, _ *LogoutOptions) {
			root.RemoveChild(root.SelectElement("samlp:Status"))
		})},
	)
}
