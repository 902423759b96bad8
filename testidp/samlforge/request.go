package samlforge

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
)

// Post is an honest answer on its way to the service provider.
type Post struct {
	ACS        string
	Document   []byte
	RelayState string // not sent if it is empty
}

// Request is a way to deliver a document. Its ID is that of the failure in the project's security catalog, with a suffix
// where one failure has several forms.
type Request struct {
	ID      string
	Title   string
	Outcome Outcome
	// Build makes the request, to be sent without following redirects.
	Build func(Post) (*http.Request, error)
}

// Form is what an honest browser posts.
func (p Post) Form() url.Values {
	form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(p.Document)}}
	if p.RelayState != "" {
		form.Set("RelayState", p.RelayState)
	}
	return form
}

// Requests lists every named way to deliver a document.
func Requests() []Request {
	return append(encodingRequests(), transportRequests()...)
}

const urlencoded = "application/x-www-form-urlencoded"

func encodingRequests() []Request {
	// rows change the base64 text of the response.
	row := func(outcome Outcome, id, title string, change func(string, []byte) string) Request {
		return Request{ID: id, Title: title, Outcome: outcome, Build: func(p Post) (*http.Request, error) {
			form := p.Form()
			form.Set("SAMLResponse", change(form.Get("SAMLResponse"), p.Document))
			return p.post(form.Encode(), urlencoded)
		}}
	}
	wrapped := func(separator string) func(string, []byte) string {
		return func(s string, _ []byte) string {
			var b strings.Builder
			for len(s) > 76 {
				b.WriteString(s[:76] + separator)
				s = s[76:]
			}
			return b.String() + s + separator
		}
	}
	return []Request{
		row(Accept, "SAML-076-lines", "base64 in lines that end with CR and LF", wrapped("\r\n")),
		row(Accept, "SAML-076-newlines", "base64 in lines that end with LF", wrapped("\n")),
		row(Refuse, "SAML-076-spaces", "spaces in base64", wrapped(" ")),
		row(Refuse, "SAML-076-alphabet", "the alphabet of URLs", func(_ string, doc []byte) string {
			// Something has to need one of the two characters that differ.
			return base64.URLEncoding.EncodeToString(append(bytes.Clone(doc), "\n<!-- \u00bf\u00bf\u00bf??>>~~ -->"...))
		}),
		row(Refuse, "SAML-076-padding", "base64 without padding", func(_ string, doc []byte) string {
			for len(doc)%3 == 0 {
				doc = append(bytes.Clone(doc), '\n')
			}
			return base64.RawStdEncoding.EncodeToString(doc)
		}),
		row(Refuse, "SAML-076-second", "a second value behind the padding", func(_ string, doc []byte) string {
			for len(doc)%3 == 0 {
				doc = append(bytes.Clone(doc), '\n')
			}
			return base64.StdEncoding.EncodeToString(doc) + base64.StdEncoding.EncodeToString(doc)
		}),
		row(Refuse, "SAML-076-bits", "bits in the padding", func(_ string, doc []byte) string {
			for len(doc)%3 != 1 {
				doc = append(bytes.Clone(doc), '\n')
			}
			s := base64.StdEncoding.EncodeToString(doc)
			return s[:len(s)-3] + string(s[len(s)-3]+1) + "=="
		}),
		row(Refuse, "SAML-076-plain", "no base64 at all", func(_ string, doc []byte) string { return string(doc) }),
		row(Refuse, "SAML-076-empty", "an empty value", func(string, []byte) string { return "" }),
	}
}

func transportRequests() []Request {
	row := func(id, title string, build func(Post) (*http.Request, error)) Request {
		return Request{ID: id, Title: title, Outcome: Refuse, Build: build}
	}
	query := func(p Post, values url.Values) string { return p.ACS + "?" + values.Encode() }
	return []Request{
		row("SAML-074", "eleven million bytes", func(p Post) (*http.Request, error) {
			return p.post("SAMLResponse="+strings.Repeat("A", 11_000_000), urlencoded)
		}),
		row("SAML-074-chunked", "eleven million bytes without a length", func(p Post) (*http.Request, error) {
			body := io.MultiReader(strings.NewReader("SAMLResponse="), strings.NewReader(strings.Repeat("A", 11_000_000)))
			return request(http.MethodPost, p.ACS, body, urlencoded)
		}),
		row("SAML-074-gzip", "a compressed body", func(p Post) (*http.Request, error) {
			var body bytes.Buffer
			zip := gzip.NewWriter(&body)
			_, _ = zip.Write([]byte(p.Form().Encode())) // a buffer takes everything
			_ = zip.Close()
			r, err := p.post(body.String(), urlencoded)
			if err == nil {
				r.Header.Set("Content-Encoding", "gzip")
			}
			return r, err
		}),
		row("SAML-077", "two SAMLResponse fields", func(p Post) (*http.Request, error) {
			return p.post(p.Form().Encode()+"&"+p.Form().Encode(), urlencoded)
		}),
		row("SAML-077-relaystate", "two RelayState fields", func(p Post) (*http.Request, error) {
			return p.post(p.Form().Encode()+"&RelayState=other", urlencoded)
		}),
		row("SAML-077-both", "SAMLResponse in the query too", func(p Post) (*http.Request, error) {
			return request(http.MethodPost, query(p, p.Form()), strings.NewReader(p.Form().Encode()), urlencoded)
		}),
		row("SAML-077-query", "SAMLResponse in the query of a POST alone", func(p Post) (*http.Request, error) {
			return request(http.MethodPost, query(p, p.Form()), strings.NewReader(""), urlencoded)
		}),
		row("SAML-077-multipart", "a multipart body", func(p Post) (*http.Request, error) {
			var body bytes.Buffer
			parts := multipart.NewWriter(&body)
			for name, values := range p.Form() {
				_ = parts.WriteField(name, values[0]) // a buffer takes everything
			}
			_ = parts.Close()
			return p.post(body.String(), parts.FormDataContentType())
		}),
		row("SAML-078-get", "GET", func(p Post) (*http.Request, error) {
			return request(http.MethodGet, query(p, p.Form()), nil, "")
		}),
		row("SAML-078-put", "PUT", func(p Post) (*http.Request, error) {
			return request(http.MethodPut, p.ACS, strings.NewReader(p.Form().Encode()), urlencoded)
		}),
		row("SAML-078-json", "JSON", func(p Post) (*http.Request, error) {
			return p.post(`{"SAMLResponse":"`+p.Form().Get("SAMLResponse")+`"}`, "application/json")
		}),
		row("SAML-078-text", "a form that calls itself plain text", func(p Post) (*http.Request, error) {
			return p.post(p.Form().Encode(), "text/plain")
		}),
		row("SAML-146-query", "an artifact in the query", func(p Post) (*http.Request, error) {
			return request(http.MethodGet, query(p, url.Values{"SAMLart": {"AAQAAA=="}}), nil, "")
		}),
		row("SAML-146-post", "an artifact in the body", func(p Post) (*http.Request, error) {
			return p.post(url.Values{"SAMLart": {"AAQAAA=="}}.Encode(), urlencoded)
		}),
		row("SAML-146-beside", "an artifact beside an honest response", func(p Post) (*http.Request, error) {
			return p.post(p.Form().Encode()+"&SAMLart=AAQAAA==", urlencoded)
		}),
		row("SAML-147-soap", "SOAP", func(p Post) (*http.Request, error) { return p.post(p.envelope(), "text/xml") }),
		row("SAML-147-paos", "PAOS", func(p Post) (*http.Request, error) { return p.post(p.envelope(), "application/vnd.paos+xml") }),
	}
}

func (p Post) envelope() string {
	return `<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>` + string(p.Document) + `</S:Body></S:Envelope>`
}

func (p Post) post(body, contentType string) (*http.Request, error) {
	return request(http.MethodPost, p.ACS, strings.NewReader(body), contentType)
}

// request leaves the context to the caller, who sends it.
func request(method, target string, body io.Reader, contentType string) (*http.Request, error) {
	r, err := http.NewRequest(method, target, body) //nolint:noctx // see above
	if err == nil && contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r, err
}
