package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/errs"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/guide"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// pulseView is the last day of a connection, as numbers and as bars.
type pulseView struct {
	LastSuccess        moment
	Succeeded, Refused int64
	Bars               []pulseBar
}

// pulseBar is one hour: where it stands in the picture, and how tall its two parts are, of pulseHeight.
type pulseBar struct {
	Hour               string
	X                  int
	GoodY, GoodHeight  int
	BadY, BadHeight    int
	Succeeded, Refused int64
}

const (
	pulseHours  = 24
	pulseStep   = 10
	pulseHeight = 56
)

// causeView is one reason why people could not sign in, and what to do about it.
type causeView struct {
	Sentence, Code string
	Expected, Got  string
	Fixer, Hint    string
	Provider       string
	ProviderHint   guide.Text
	Last           moment
}

// revisionRow is one change of the connection, and who made it.
type revisionRow struct {
	At      moment
	Who     string
	Changes []sso.Change
}

func (r connectionReader) pulse(p *connectionPage) error {
	pulses, err := sso.Pulses(r.ctx, r.tx, r.tx.Now.Add(-pulseHours*time.Hour))
	if err != nil {
		return err
	}
	hours, err := sso.Hours(r.ctx, r.tx, r.connection.ID, pulseHours)
	if err != nil {
		return err
	}
	one := pulses[r.connection.ID]
	p.Pulse = pulseView{someMoment(one.LastSuccess), one.Succeeded, one.Refused, barsOf(hours)}
	return nil
}

// barsOf scales the hours to the tallest. What is there at all is seen.
func barsOf(hours []sso.Hour) []pulseBar {
	var most int64 = 1
	for _, h := range hours {
		most = max(most, h.Succeeded+h.Refused)
	}
	tall := func(n int64) int {
		if n == 0 {
			return 0
		}
		return max(2, int(n*pulseHeight/most))
	}
	bars := make([]pulseBar, 0, len(hours))
	for i, h := range hours {
		b := pulseBar{Hour: h.At.Format("15:04"), X: i*pulseStep + 1, Succeeded: h.Succeeded, Refused: h.Refused}
		b.GoodHeight, b.BadHeight = tall(h.Succeeded), tall(h.Refused)
		b.GoodHeight = min(b.GoodHeight, pulseHeight-b.BadHeight)
		b.GoodY = pulseHeight - b.GoodHeight
		b.BadY = b.GoodY - b.BadHeight
		bars = append(bars, b)
	}
	return bars
}

func (r connectionReader) causes(p *connectionPage) error {
	list, err := sso.Causes(r.ctx, r.tx, r.connection.ID, r.tx.Now.Add(-24*time.Hour))
	for _, one := range list {
		p.Causes = append(p.Causes, causeViewOf(one, r.connection, r.values))
	}
	return err
}

func causeViewOf(one sso.Cause, c sso.Connection, values map[string]string) causeView {
	v := causeView{
		Sentence: one.Sentence() + ".", Code: string(one.Reason), Expected: one.Expected, Got: one.Got, Fixer: fixerName(one.Reason.Fixer()),
		Hint: one.Reason.Explain().Hint, Provider: yours(providerName(c)), Last: momentOf(one.LastAt),
	}
	v.ProviderHint = providerHint(c, one.Reason, values)
	return v
}

// providerHint is where to look at the connection's kind of provider, with the values of the connection.
func providerHint(c sso.Connection, reason sso.Reason, values map[string]string) guide.Text {
	hint, _ := guide.HintFor(providerOf(c), c.Protocol, string(reason))
	return hint.Fill(values)
}

// history lists changes with who made them, and what of them takes itself back if it locks people out.
func (r connectionReader) history(p *connectionPage) error {
	list, err := sso.History(r.ctx, r.tx, r.connection, shownHistory)
	if err != nil {
		return err
	}
	for _, one := range list {
		who, err := r.who(one.ChangedBy)
		if err != nil {
			return err
		}
		p.History = append(p.History, revisionRow{momentOf(one.At), who, r.names.changes(one.Changes)})
	}
	if until := r.connection.WatchedUntil; until != nil && r.tx.Now.Before(*until) {
		changes, err := sso.Watching(r.ctx, r.tx, r.connection)
		if err != nil || len(changes) == 0 {
			return err
		}
		p.Watch = watchNotice{momentOf(*until), r.names.changes(changes)}
	}
	return nil
}

// who names the actor of a change for people.
func (r connectionReader) who(subject string) (string, error) {
	switch {
	case subject == "":
		return "This installation", nil
	case strings.HasPrefix(subject, "key_"):
		return "An API key", nil
	case !strings.HasPrefix(subject, "mem_"):
		return "Somebody with a set-up link", nil
	}
	var member id.Membership
	if err := member.UnmarshalText([]byte(subject)); err != nil {
		return "", fmt.Errorf("who changed connection %s: %w", r.connection.ID, err)
	}
	m, err := tenants.Member(r.ctx, r.tx, member)
	if errs.As(err).Kind == errs.Missing && err != nil {
		return "A former member", nil
	}
	return or(m.Name, m.Email), err
}
