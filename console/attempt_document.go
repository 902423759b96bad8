package console

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/sso"
)

// documentPage shows what a provider sent, to the letter but for line breaks.
type documentPage struct {
	Attempt string
	Kind    string
	Text    string
	At      moment
	Size    int64
}

func (documentPage) frame() frame {
	return frame{file: "document", title: "What the provider sent", signedIn: true, here: "sso"}
}

// openDocument is a POST although it shows a page: each opening is an event, and nothing that only follows links opens anything.
func (c *Console) openDocument(ctx echo.Context) error {
	which, err := attemptParam(ctx)
	if err != nil {
		return err
	}
	r := ctx.Request().Context()
	var d sso.Document
	err = c.db.Tenant(r, authn.From(r).Tenant, func(tx *db.TenantTx) (err error) {
		d, err = c.signIn.OpenDocument(r, tx, which)
		return err
	})
	if err != nil {
		return err
	}
	return c.render(ctx, http.StatusOK, documentPage{
		Attempt: which.String(), Kind: documentName(d.Kind), Text: legible(d), At: momentOf(d.CreatedAt), Size: d.Size,
	})
}

// legible breaks lines where a document has none. It changes no other octet, and nothing that is shown is ever read again.
func legible(d sso.Document) string {
	var b bytes.Buffer
	if d.Kind == "id_token" {
		if json.Indent(&b, d.Text, "", "  ") == nil {
			return b.String()
		}
		return string(d.Text)
	}
	return string(bytes.ReplaceAll(d.Text, []byte("><"), []byte(">\n<")))
}
