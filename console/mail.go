package console

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-2a059015/gatehouse/internal/mail"
)

// mailPage shows what would have been sent.
type mailPage struct{ Letters []mailLetter }

type mailLetter struct {
	To, Subject, Text string
	At                moment
	Links             []string
}

func (mailPage) frame() frame { return frame{file: "mail", title: "Outgoing mail"} }

func (c *Console) showMail(ctx echo.Context) error {
	var p mailPage
	for _, m := range c.outbox.Messages() {
		p.Letters = append(p.Letters, c.letterOf(m))
	}
	return c.render(ctx, http.StatusOK, p)
}

// letterOf makes links of our own addresses only.
func (c *Console) letterOf(m mail.Sent) mailLetter {
	l := mailLetter{To: m.To, Subject: m.Subject, Text: m.Text, At: momentOf(m.At)}
	for word := range strings.FieldsSeq(m.Text) {
		if strings.HasPrefix(word, c.base+"/") {
			l.Links = append(l.Links, word)
		}
	}
	return l
}
