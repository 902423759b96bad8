package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// streamWrite is how long a reader may take for one event.
const streamWrite = 5 * time.Second

// eventSink writes server-sent events.
type eventSink struct {
	to      *echo.Response
	control *http.ResponseController
}

func newEventSink(c echo.Context) *eventSink {
	return &eventSink{c.Response(), http.NewResponseController(c.Response().Writer)}
}

// open sends the headers. The server's time limit for a request would end the stream: reading is over, and each write gets its own.
func (s *eventSink) open() {
	h := s.to.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would hold the events back
	_ = s.control.SetReadDeadline(time.Time{})
	_ = s.control.SetWriteDeadline(time.Now().Add(streamWrite))
	s.to.WriteHeader(http.StatusOK)
}

func (s *eventSink) send(event string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode the event %s: %w", event, err)
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(streamWrite))
	if _, err := fmt.Fprintf(s.to, "event: %s\ndata: %s\n\n", event, text); err != nil {
		return err
	}
	return s.control.Flush()
}
