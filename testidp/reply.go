package testidp

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Reply distorts one HTTP answer. The zero Reply distorts nothing.
type Reply struct {
	Status      int         // instead of the honest one
	ContentType string      // instead of the honest one
	Header      http.Header // added
	Body        []byte      // instead of the honest one
	// Redirect is a Location, with Status or else 302; one that begins with a slash is relative to the server's base URL.
	Redirect string
	// Pad writes that many spaces before the body: still valid JSON, however long. Gzip compresses the result, whatever
	// the client accepts; together they are a bomb.
	Pad  int64
	Gzip bool
	// HeaderFlood sends about that many bytes of further headers.
	HeaderFlood int
	Delay       time.Duration // before the first byte
	Drip        time.Duration // after each byte of the body
	Hang        bool          // never answer
	Reset       bool          // reset the connection instead of answering
}

// writeJSON sends v as the honest answer of e, distorted by f.
func (p *Provider) writeJSON(w http.ResponseWriter, r *http.Request, f *Fault, e Endpoint, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.write(w, r, f, e, status, "application/json", body)
}

func (p *Provider) write(w http.ResponseWriter, r *http.Request, f *Fault, e Endpoint, status int, contentType string, body []byte) {
	reply := f.Replies[e]
	if reply.Status != 0 {
		status = reply.Status
	}
	if reply.ContentType != "" {
		contentType = reply.ContentType
	}
	if reply.Body != nil {
		body = reply.Body
	}
	switch {
	case reply.Hang:
		p.pause(r, 24*time.Hour)
		return
	case reply.Reset:
		reset(w)
		return
	}
	p.pause(r, reply.Delay)
	header := w.Header()
	for name, values := range reply.Header {
		header[name] = append(header[name], values...)
	}
	for i := 0; i < reply.HeaderFlood; i += 1 << 10 {
		header.Add("X-Flood", strings.Repeat("f", 1<<10))
	}
	if reply.Redirect != "" {
		if reply.Status == 0 {
			status = http.StatusFound
		}
		location := reply.Redirect
		if strings.HasPrefix(location, "/") {
			location = p.server.base + location
		}
		header.Set("Location", location)
	}
	header.Set("Content-Type", contentType)
	header.Set("Cache-Control", "no-store")
	var out io.Writer = w
	if reply.Gzip {
		header.Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		defer zip.Close()
		out = zip
	}
	w.WriteHeader(status)
	if pad(out, reply.Pad) != nil {
		return
	}
	if reply.Drip == 0 {
		_, _ = out.Write(body)
		return
	}
	for i := range body {
		if _, err := out.Write(body[i : i+1]); err != nil || r.Context().Err() != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		p.pause(r, reply.Drip)
	}
}

// pause ends early when the client goes or the server closes.
func (p *Provider) pause(r *http.Request, d time.Duration) {
	if d == 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-p.server.closed:
	}
}

func pad(w io.Writer, n int64) error {
	block := bytes.Repeat([]byte(" "), 64<<10)
	for n > 0 {
		written, err := w.Write(block[:min(n, int64(len(block)))])
		if err != nil {
			return err
		}
		n -= int64(written)
	}
	return nil
}

func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 has no connection to reset; the stream will do
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // close sends RST, not FIN
	}
	_ = conn.Close()
}
