package api

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/id"
	"github.com/seed-2a059015/gatehouse/internal/page"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/sso/guide"
)

type attemptOut struct {
	ID           id.Attempt    `json:"id"`
	Connection   id.Connection `json:"connection_id"`
	Purpose      sso.Purpose   `json:"purpose" enum:"sign_in,link,reauth,test" doc:"What it was for"`
	Source       sso.Source    `json:"source" enum:"sp,idp,test" doc:"Who started it: the person here, the provider, or an administrator's test"`
	Stage        sso.Stage     `json:"stage" enum:"redirected,returned,exchanged,verified,finished" doc:"How far it came: a refused one that is verified was shown to come from the provider"`
	Outcome      sso.Outcome   `json:"outcome" enum:"pending,succeeded,refused"`
	Reason       sso.Reason    `json:"reason,omitzero" doc:"Why it was refused: one of the codes of problems"`
	Explanation  string        `json:"explanation,omitzero" doc:"What the person was told"`
	Expected     string        `json:"expected,omitzero" doc:"What the check that refused asks for"`
	Got          string        `json:"got,omitzero" doc:"What it found"`
	Fixer        sso.Fixer     `json:"fixer,omitzero" enum:"person,idp_admin,admin,operator" doc:"Who has to do something: who signs in, who administers the provider, who administers the tenant here, or the operator"`
	Hint         string        `json:"hint,omitzero" doc:"What they can do"`
	ProviderHint string        `json:"provider_hint,omitzero" doc:"Where to look at this connection's kind of provider"`
	Subject      string        `json:"subject,omitzero" doc:"The provider's name for the person, once it was proven"`
	Email        string        `json:"email,omitzero" doc:"As the provider said it"`
	Member       id.Membership `json:"member_id,omitzero" doc:"Who was let in"`
	Address      string        `json:"address"`
	UserAgent    string        `json:"user_agent"`
	RequestID    string        `json:"request_id" doc:"Of the latest request: the one that the person sees on the page of a refusal"`
	CreatedAt    time.Time     `json:"created_at"`
	FinishedAt   *time.Time    `json:"finished_at,omitzero"`

	Checks   []sso.Check `json:"checks,omitzero" doc:"Everything that was asked of the provider's answer, in order; of one attempt only"`
	Document bool        `json:"document,omitzero" doc:"What the provider sent is kept, and an owner can open it; of one attempt only"`
}

// maxConnections is more than any tenant has.
const maxConnections = 200

// attemptsOf tells of attempts with hints for the providers of the tenant's connections.
func (a *API) attemptsOf(ctx context.Context, tx *db.TenantTx) (func(sso.Record) attemptOut, error) {
	list, err := sso.Connections(ctx, tx, id.Connection{}, maxConnections)
	if err != nil {
		return nil, err
	}
	known := map[id.Connection]sso.Connection{}
	for _, c := range list {
		known[c.ID] = c
	}
	return func(r sso.Record) attemptOut {
		out := attemptOf(r)
		c := known[r.ConnectionID]
		if hint, ok := guide.HintFor(c.Preset, c.Protocol, string(r.Reason)); ok {
			out.ProviderHint = hint.Fill(a.SignIn.GuideValues(c, "")).String()
		}
		return out
	}, nil
}

func attemptOf(r sso.Record) attemptOut {
	out := attemptOut{
		ID: r.ID, Connection: r.ConnectionID, Purpose: r.Purpose, Source: r.Source, Stage: r.Stage, Outcome: r.Outcome, Reason: r.Reason,
		Expected: r.Expected, Got: r.Got, Subject: r.Subject, Email: r.Email, Member: r.MembershipID, Address: r.Address, UserAgent: r.UserAgent,
		RequestID: r.RequestID, CreatedAt: r.CreatedAt, FinishedAt: r.FinishedAt,
	}
	if r.Reason != "" {
		e := r.Reason.Explain()
		out.Explanation, out.Hint, out.Fixer = e.Text, e.Hint, r.Reason.Fixer()
	}
	return out
}

type attemptsIn struct {
	Limit      int           `query:"limit" json:"-" doc:"At most 200"`
	Cursor     string        `query:"cursor" json:"-" doc:"next_cursor of the page before"`
	Connection id.Connection `query:"connection" json:"-" doc:"Only attempts over this connection"`
	Source     sso.Source    `query:"source" json:"-" enum:"sp,idp,test" doc:"Only attempts that began there"`
	Outcome    sso.Outcome   `query:"outcome" json:"-" enum:"pending,succeeded,refused" doc:"Only attempts that ended so"`
	Reason     sso.Reason    `query:"reason" json:"-" doc:"Only attempts that were refused for it"`
	Since      *time.Time    `query:"since" json:"-" doc:"Only attempts that began then or later"`
	Trace      string        `query:"trace" json:"-" doc:"The request id that a person saw on the page of a refusal"`
}

func (in attemptsIn) filter() sso.AttemptFilter {
	f := sso.AttemptFilter{Connection: in.Connection, Source: in.Source, Outcome: in.Outcome, Reason: in.Reason, Trace: in.Trace}
	if in.Since != nil {
		f.Since = *in.Since
	}
	return f
}

func (a *API) signIns(ctx context.Context, tx *db.TenantTx, in attemptsIn) (page.Page[attemptOut], error) {
	f := in.filter()
	rows := func(ctx context.Context, tx *db.TenantTx, before id.Attempt, limit int) ([]sso.Record, error) {
		return sso.Attempts(ctx, tx, f, before, limit)
	}
	wire, err := a.attemptsOf(ctx, tx)
	if err != nil {
		return page.Page[attemptOut]{}, err
	}
	query := fmt.Sprintf("sign-ins %s %q %q %q %s %q", f.Connection, f.Source, f.Outcome, f.Reason, f.Since.UTC().Format(time.RFC3339Nano), f.Trace)
	return list(a, listIn{in.Limit, in.Cursor}, tx, query, rows, wire, func(t attemptOut) id.Attempt { return t.ID })(ctx)
}

type attemptIn struct {
	Attempt id.Attempt `path:"attempt" json:"-"`
}

func (a *API) signInAttempt(ctx context.Context, tx *db.TenantTx, in attemptIn) (attemptOut, error) {
	r, err := sso.AttemptByID(ctx, tx, in.Attempt)
	if err != nil {
		return attemptOut{}, err
	}
	wire, err := a.attemptsOf(ctx, tx)
	if err != nil {
		return attemptOut{}, err
	}
	out := wire(r)
	out.Checks = r.Checks
	out.Document, err = sso.HasDocument(ctx, tx, r.ID)
	return out, err
}

type documentOut struct {
	Kind      string    `json:"kind" enum:"saml_response,id_token" doc:"What it is"`
	Text      string    `json:"text" doc:"As the provider sent it: the XML of a SAML response, or the claims of an ID token"`
	CreatedAt time.Time `json:"created_at"`
}

// openDocument is a POST: it leaves an event.
func (a *API) openDocument(ctx context.Context, tx *db.TenantTx, in attemptIn) (documentOut, error) {
	d, err := a.SignIn.OpenDocument(ctx, tx, in.Attempt)
	return documentOut{d.Kind, string(d.Text), d.CreatedAt}, err
}

type causeOut struct {
	Connection id.Connection `json:"connection_id"`
	Reason     sso.Reason    `json:"reason"`
	Expected   string        `json:"expected,omitzero" doc:"Where it is the same for everybody"`
	Got        string        `json:"got,omitzero" doc:"Where it is the same for everybody"`
	Attempts   int64         `json:"attempts"`
	People     int64         `json:"people" doc:"As far as they can be told apart"`
	FirstAt    time.Time     `json:"first_at"`
	LastAt     time.Time     `json:"last_at"`
	Sentence   string        `json:"sentence" doc:"The cause in one line, with the time in UTC"`
	Fixer      sso.Fixer     `json:"fixer" enum:"person,idp_admin,admin,operator"`
	Hint       string        `json:"hint"`
}

type causesIn struct {
	Connection id.Connection `query:"connection" json:"-" doc:"Only attempts over this connection"`
	Since      *time.Time    `query:"since" json:"-" doc:"By default 24 hours ago"`
}

type causesOut struct {
	Causes []causeOut `json:"causes" doc:"The latest first"`
}

func (a *API) causes(ctx context.Context, tx *db.TenantTx, in causesIn) (causesOut, error) {
	since := tx.Now.Add(-24 * time.Hour)
	if in.Since != nil {
		since = *in.Since
	}
	found, err := sso.Causes(ctx, tx, in.Connection, since)
	out := causesOut{Causes: []causeOut{}}
	for _, c := range found {
		out.Causes = append(out.Causes, causeOut{
			c.Connection, c.Reason, c.Expected, c.Got, c.Attempts, c.People, c.FirstAt, c.LastAt, c.Sentence(), c.Reason.Fixer(), c.Reason.Explain().Hint,
		})
	}
	return out, err
}
