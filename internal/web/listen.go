package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// NewHTTPServer returns a server with every timeout set: a client that is slow on purpose must not hold a connection.
func NewHTTPServer(addr string, h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      45 * time.Second, // longer than a prepare step may wait for a provider
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			from := c.RemoteAddr()
			if from == nil { // a connection that is over already may have none, and a panic here would end the server
				return ctx
			}
			return context.WithValue(ctx, peerKey{}, new(parsePeer(from.String())))
		},
	}
}
