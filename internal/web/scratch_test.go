package web_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/rbac"
)

// repeated is an answer of one letter.
type repeated struct{ letter byte }

// AppendPlain implements web.PlainOutput.
func (r repeated) AppendPlain(b []byte) ([]byte, bool) {
	return append(b, bytes.Repeat([]byte{r.letter}, 300)...), true
}

// gone is a client who went away while an answer was sent: HTTP/2 then returns from Write, and its writer may still read what it was given.
type gone struct {
	discard
	given []byte
}

func (g *gone) Write(p []byte) (int, error) {
	g.given = p
	return 0, errors.New("the stream is closed")
}

func TestRoomThatIsStillReadIsNotWrittenInto(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	letters := make(chan byte, 1)
	e, err := b.server.Echo(web.Table{web.Get("/v1/letter", rbac.Self, web.Snapshot(func(context.Context, web.None) (repeated, error) {
		return repeated{<-letters}, nil
	})).Doc("A letter")})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(w http.ResponseWriter, letter byte) {
		letters <- letter
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/letter", http.NoBody)
		r.Host = "gatehouse.test"
		r.Header.Set("Authorization", "Bearer "+goodToken)
		e.ServeHTTP(w, r)
	}
	for range 20 { // a pool may forget what it is given
		left := &gone{discard: discard{header: http.Header{}}}
		ask(left, 'a')
		ask(httptest.NewRecorder(), 'b')
		if want := bytes.Repeat([]byte{'a'}, 300); !bytes.Equal(left.given, want) {
			t.Fatalf("the answer of one caller became %s", left.given)
		}
	}
}
