package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

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

// legible breaks and indents lines where a document has none. It changes no other octet, and nothing that is shown is ever read again.
func legible(d sso.Document) string {
	var b bytes.Buffer
	if d.Kind == "id_token" {
		if json.Indent(&b, d.Text, "", "  ") == nil {
			return b.String()
		}
		return string(d.Text)
	}
	return indented(d.Text)
}

const (
	maxIndented = 20_000 // tags: what comes in more lines is broken into them alone
	maxIndent   = 24
)

// indented breaks lines between tags and indents them by how deep they are. It is no parser: a hostile document looks odd, and stays
// readable and small.
func indented(text []byte) string {
	if bytes.Count(text, []byte("><")) > maxIndented {
		return string(bytes.ReplaceAll(text, []byte("><"), []byte(">\n<")))
	}
	var b strings.Builder
	depth := 0
	for len(text) > 0 {
		var tag []byte
		tag, text = nextTag(text)
		if bytes.HasPrefix(tag, []byte("</")) {
			depth--
		}
		if b.Len() > 0 && tag[0] == '<' && strings.HasSuffix(b.String(), ">") {
			b.WriteString("\n" + strings.Repeat("  ", min(max(depth, 0), maxIndent)))
		}
		b.Write(tag)
		if opens(tag) {
			depth++
		}
	}
	return b.String()
}

// nextTag splits off a tag, or the text before the next one. A quoted value may hold what otherwise ends a tag.
func nextTag(text []byte) (tag, rest []byte) {
	if text[0] != '<' {
		if i := bytes.IndexByte(text, '<'); i > 0 {
			return text[:i], text[i:]
		}
		return text, nil
	}
	var quote byte
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return text[:i+1], text[i+1:]
		}
	}
	return text, nil
}

// opens says that the tags after this one are inside of it.
func opens(tag []byte) bool {
	return len(tag) > 2 && tag[0] == '<' && !bytes.ContainsAny(tag[1:2], "/?!") && !bytes.HasSuffix(tag, []byte("/>"))
}
