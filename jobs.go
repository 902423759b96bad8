package gatehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-2a059015/gatehouse/internal/authn"
	"github.com/seed-2a059015/gatehouse/internal/db"
	"github.com/seed-2a059015/gatehouse/internal/decisions"
	"github.com/seed-2a059015/gatehouse/internal/jobs"
	"github.com/seed-2a059015/gatehouse/internal/mail"
	"github.com/seed-2a059015/gatehouse/internal/secret"
	"github.com/seed-2a059015/gatehouse/internal/web"
	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/sso"
	"github.com/seed-2a059015/gatehouse/tenants"
)

// keepEnded is how long a session that has ended can still be asked about.
const keepEnded = 30 * 24 * time.Hour

// runJobs sends mail and clears away what has expired.
func (g *Gatehouse) runJobs(ctx context.Context) error {
	sender, err := g.sender()
	if err != nil {
		return err
	}
	workers := jobs.NewWorkers(g.db)
	jobs.HandleMail(workers, g.parts.keyring, sender)
	tenants.HandlePlanMoves(workers, g.db)
	runner, err := jobs.New(jobs.Config{
		Conn: g.db.Config(), Workers: workers, Log: g.log,
		Periodic: []jobs.Periodic{
			{Name: "check_domains", Every: time.Minute, Func: g.prover().CheckDue},
			{Name: "refresh_metadata", Every: 5 * time.Minute, Func: g.signIn.RefreshMetadata},
			{Name: "renew_connection_keys", Every: time.Hour, Func: g.signIn.RenewKeys},
			{Name: "warn_of_certificates", Every: time.Hour, Func: g.signIn.WarnOfExpiry},
			{Name: "prune_attempts", Every: 10 * time.Minute, Func: g.prune(sso.PruneAttempts)},
			{Name: "prune_documents", Every: time.Hour, Func: g.prune(sso.PruneDocuments)},
			{Name: "prune_assertions", Every: time.Hour, Func: g.prune(sso.PruneAssertions)},
			{Name: "prune_connection_versions", Every: 24 * time.Hour, Func: g.prune(sso.PruneVersions)},
			{Name: "prune_decisions", Every: 10 * time.Minute, Func: g.prune(decisions.Prune)},
			{Name: "tend_usage", Every: 10 * time.Minute, Func: g.tendUsage},
			{Name: "prune_sessions", Every: time.Hour, Func: g.prune(func(ctx context.Context, sys *db.SystemTx) (int64, error) {
				return sessions.Prune(ctx, sys, sys.Now.Add(-keepEnded))
			})},
			{Name: "forget_answers", Every: 10 * time.Minute, Func: g.prune(func(ctx context.Context, sys *db.SystemTx) (int64, error) {
				return 0, web.ForgetAnswers(ctx, sys)
			})},
		},
		Observe: func(r jobs.Result) { g.metrics.Job(r.Kind, string(r.Outcome), r.Duration) },
	})
	if err != nil {
		return fmt.Errorf("set up jobs: %w", err)
	}
	return runner.Run(ctx)
}

// sender is where mail goes: a server, the page of gatehouse dev, or nowhere.
func (g *Gatehouse) sender() (mail.Sender, error) {
	switch {
	case g.cfg.Outbox != nil:
		return g.cfg.Outbox, nil
	case g.cfg.SMTPURL == "" || g.cfg.SMTPURL == "none":
		return noMail{}, nil
	}
	s, err := mail.NewSMTP(mail.Config{URL: secret.New(g.cfg.SMTPURL), From: g.cfg.MailFrom})
	if err != nil {
		return nil, fmt.Errorf("set up mail: %w", err)
	}
	return s, nil
}

// noMail gives up every message at once: the installation sends none.
type noMail struct{}

func (noMail) Send(context.Context, mail.Message) error {
	return fmt.Errorf("%w: this installation sends no mail", mail.ErrRefused)
}

// prune calls fn in transactions of their own until there is nothing left to delete.
func (g *Gatehouse) prune(fn func(context.Context, *db.SystemTx) (int64, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx = authn.AsSystem(ctx)
		for {
			var n int64
			err := g.db.System(ctx, func(sys *db.SystemTx) (err error) {
				n, err = fn(ctx, sys)
				return err
			})
			if err != nil || n == 0 {
				return err
			}
		}
	}
}
