package web

import (
	"errors"

	"github.com/labstack/echo/v4"
)

var errOutside = errors.New("the handler is not one of this server")

// Body reads the body of a request, for a handler made with [Raw]. It is bounded as the row says.
func Body(c echo.Context) ([]byte, error) {
	ex, ok := c.(*exchange)
	if !ok {
		return nil, errOutside
	}
	body, err := ex.readBody()
	if err == nil && tooDeep(body) {
		return nil, errMalformed
	}
	return body, err
}
