package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// linkPage redeems a one-time sign-in link. Opening it uses nothing up, so that the machines which read mail before people do no harm.
type linkPage struct{ Problem string }

func (linkPage) frame() frame {
	return frame{file: "link", title: "Sign in with a link", narrow: true, script: "link.js"}
}

func (c *Console) askLink(ctx echo.Context) error { return c.render(ctx, http.StatusOK, linkPage{}) }

func (c *Console) redeemLink(ctx echo.Context) error {
	form, err := formOf(ctx)
	if err != nil {
		return err
	}
	text := strings.TrimSpace(form.Get("link"))
	if _, after, pasted := strings.Cut(text, "#"); pasted { // the whole address
		text = after
	}
	credential, err := secret.Parse(secret.PrefixSignInLink, text)
	if err != nil {
		return c.render(ctx, http.StatusUnprocessableEntity, linkPage{Problem: "It is not complete. Copy all of it, to the last character."})
	}
	result, err := c.signIn.RedeemLink(ctx.Request().Context(), credential)
	if errors.Is(err, tenants.ErrLinkUsed) {
		return c.render(ctx, http.StatusGone, linkPage{Problem: tenants.ErrLinkUsed.Detail})
	}
	if err != nil {
		return err
	}
	return c.enter(ctx, result)
}
