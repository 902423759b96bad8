package saml_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/saml"
)

const formType = "application/x-www-form-urlencoded"

func post(tb testing.TB, target, body string) *http.Request {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Content-Type", formType)
	return r
}

func TestReadForm(t *testing.T) {
	t.Parallel()
	doc := []byte("<samlp:Response/>")
	plain := base64.StdEncoding.EncodeToString(doc)
	good := "SAMLResponse=" + url.QueryEscape(plain)
	for _, test := range []struct {
		name, target, body string
		reason             sso.Reason
	}{
		{"honest", "/acs", good + "&RelayState=t.abc", accepted},
		{"no state", "/acs", good, accepted},
		{"another field", "/acs", good + "&button=Continue", accepted},
		{"line breaks", "/acs", "SAMLResponse=" + url.QueryEscape(plain[:8]+"\r\n"+plain[8:]+"\n"), accepted},
		{"nothing", "/acs", "", sso.ResponseMalformed},
		{"empty", "/acs", "SAMLResponse=", sso.ResponseMalformed},
		{"SAML-076 white space", "/acs", "SAMLResponse=" + url.QueryEscape(plain[:8]+" "+plain[8:]), sso.ResponseMalformed},
		{"SAML-076 URL alphabet", "/acs", "SAMLResponse=" + base64.URLEncoding.EncodeToString([]byte("\xfb\xff\xfe<>")), sso.ResponseMalformed},
		{"SAML-076 no padding", "/acs", "SAMLResponse=" + strings.TrimRight(plain, "="), sso.ResponseMalformed},
		{"SAML-076 second value", "/acs", good + url.QueryEscape(plain), sso.ResponseMalformed},
		{"SAML-076 loose bits", "/acs", "SAMLResponse=" + url.QueryEscape("PB=="), sso.ResponseMalformed},
		{"SAML-077 twice", "/acs", good + "&" + good, sso.ResponseMalformed},
		{"SAML-077 in query and body", "/acs?" + good, good, sso.ResponseMalformed},
		{"SAML-077 in query", "/acs?" + good, "", sso.ResponseMalformed},
		{"SAML-077 any query", "/acs?a=b", good, sso.ResponseMalformed},
		{"SAML-077 empty query", "/acs?", good, sso.ResponseMalformed},
		{"SAML-077 two states", "/acs", good + "&RelayState=a&RelayState=b", sso.ResponseMalformed},
		{"SAML-077 a request beside it", "/acs", good + "&SAMLRequest=x", sso.ResponseMalformed},
		{"SAML-077 a hundred fields", "/acs", good + strings.Repeat("&a=b", 100), sso.ResponseMalformed},
		{"SAML-077 semicolon", "/acs", good + ";RelayState=x", sso.ResponseMalformed},
		{"SAML-146 in query", "/acs?SAMLart=x", good, sso.ArtifactUnsupported},
		{"SAML-146 in body", "/acs", good + "&SAMLart=x", sso.ArtifactUnsupported},
		{"SAML-146 alone", "/acs", "SAMLart=x", sso.ArtifactUnsupported},
		{"SAML-146 escaped", "/acs", "%53AMLart=x", sso.ArtifactUnsupported},
		{"SAML-151 state of 81 bytes", "/acs", good + "&RelayState=" + strings.Repeat("a", 81), sso.ResponseMalformed},
		{"SAML-151 state of 80 bytes", "/acs", good + "&RelayState=" + strings.Repeat("a", 80), accepted},
		{"SAML-151 10 KB", "/acs", good + "&RelayState=" + strings.Repeat("a", 10<<10), sso.ResponseMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := post(t, test.target, test.body)
			form, err := saml.ReadForm(r)
			if reasonOf(err) != test.reason {
				t.Fatalf("ReadForm() = %v, want %q", err, test.reason)
			}
			if err == nil && !bytes.Equal(form.Response, doc) {
				t.Errorf("ReadForm() = %q, want %q", form.Response, doc)
			}
			if err != nil {
				return
			}
			if again, err := saml.ReadForm(r); err != nil || again.RelayState != form.RelayState || !bytes.Equal(again.Response, doc) {
				t.Errorf("ReadForm() a second time = %q, %v, want the same", again.Response, err)
			}
		})
	}
}

func TestSAML_078_147_OtherMethodsAndBodies(t *testing.T) {
	t.Parallel()
	body := "SAMLResponse=PHgvPg%3D%3D"
	for _, kind := range []string{
		"", "application/json", "text/xml", "application/vnd.paos+xml", "application/soap+xml", "multipart/form-data; boundary=x", "text/plain",
		formType + "; charset=utf-16", formType + "; charset=iso-8859-1", formType + ";;", "x",
	} {
		r := post(t, "/acs", body)
		r.Header.Set("Content-Type", kind)
		_, err := saml.ReadForm(r)
		if reasonOf(err) != sso.ResponseMalformed || errs.As(err).Kind != errs.UnsupportedMedia {
			t.Errorf("ReadForm() of type %q = %v, want %s with status 415", kind, err, sso.ResponseMalformed)
		}
	}
	r := post(t, "/acs", body)
	r.Header.Add("Content-Type", "text/xml")
	if _, err := saml.ReadForm(r); reasonOf(err) != sso.ResponseMalformed {
		t.Errorf("ReadForm() of two types = %v, want %s", err, sso.ResponseMalformed)
	}
	r = post(t, "/acs", body)
	r.Header.Set("Content-Type", "Application/X-WWW-Form-Urlencoded; charset=UTF-8")
	if _, err := saml.ReadForm(r); err != nil {
		t.Errorf("ReadForm() with charset UTF-8 = %v, want nil", err)
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodHead, "post"} {
		r := post(t, "/acs", body)
		r.Method = method
		if _, err := saml.ReadForm(r); reasonOf(err) != sso.ResponseMalformed {
			t.Errorf("ReadForm() of %s = %v, want %s", method, err, sso.ResponseMalformed)
		}
	}
}

// counted counts what is read.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func (*counted) Close() error { return nil }

func TestSAML_074_BodySize(t *testing.T) {
	t.Parallel()
	huge := "SAMLResponse=" + strings.Repeat("A", 11<<20)
	r := post(t, "/acs", huge)
	if _, err := saml.ReadForm(r); reasonOf(err) != sso.ResponseTooLarge || errs.As(err).Kind != errs.TooLarge {
		t.Errorf("ReadForm() of 11 MB = %v, want %s with status 413", err, sso.ResponseTooLarge)
	}
	chunked := &counted{Reader: strings.NewReader(huge)}
	r = post(t, "/acs", "")
	r.Body, r.ContentLength = chunked, -1
	if _, err := saml.ReadForm(r); reasonOf(err) != sso.ResponseTooLarge || chunked.n > 3<<20 {
		t.Errorf("ReadForm() of 11 MB in chunks = %v after %d bytes, want %s after little more than 2 MiB", err, chunked.n, sso.ResponseTooLarge)
	}
	r = post(t, "/acs", "SAMLResponse="+url.QueryEscape(base64.StdEncoding.EncodeToString(make([]byte, 1<<20+1))))
	if _, err := saml.ReadForm(r); reasonOf(err) != sso.ResponseTooLarge {
		t.Errorf("ReadForm() of a byte more than 1 MiB = %v, want %s", err, sso.ResponseTooLarge)
	}
	full := bytes.Repeat([]byte("<group>0123</group>\n"), 1<<20/20)
	r = post(t, "/acs", "SAMLResponse="+url.QueryEscape(lines(base64.StdEncoding.EncodeToString(full))))
	if form, err := saml.ReadForm(r); err != nil || !bytes.Equal(form.Response, full) {
		t.Errorf("ReadForm() of 1 MiB = %d bytes, %v, want all of it", len(form.Response), err)
	}
}

// lines breaks a text as MIME does.
func lines(s string) string {
	var b strings.Builder
	for len(s) > 76 {
		b.WriteString(s[:76] + "\r\n")
		s = s[76:]
	}
	return b.String() + s
}

func TestSAML_074_ContentEncoding(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write([]byte("SAMLResponse=PHgvPg%3D%3D"))
	_ = w.Close()
	for _, encoding := range []string{"gzip", "deflate", "br", "identity", ""} {
		r := post(t, "/acs", zipped.String())
		r.Header["Content-Encoding"] = []string{encoding}
		if _, err := saml.ReadForm(r); reasonOf(err) != sso.ResponseMalformed {
			t.Errorf("ReadForm() with Content-Encoding %q = %v, want %s", encoding, err, sso.ResponseMalformed)
		}
	}
}
