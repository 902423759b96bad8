package main

import (
	"fmt"
	"net"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/sessions"
	"github.com/seed-2a059015/gatehouse/testidp/conformance"
)

type conformanceFlags struct {
	url, providerAddress, providerURL, output string
	quick                                     bool
}

func conformanceCommand() *cobra.Command {
	var f conformanceFlags
	c := &cobra.Command{
		Use:   "conformance",
		Short: "Play every known attack on single sign-on against the running installation, and print what came of each",
		Long: "Makes throw-away tenants named conformance-…, with connections that trust keys of this run alone, plays some 1,500 attacks on their\n" +
			"sign-in over HTTP, as browsers and identity providers do, and deletes the tenants again. It never touches another tenant. It waits where\n" +
			"rate limits tell it to. Fails if anything is accepted that must not be, or refused that must be accepted.\n\n" +
			"The attacks on OpenID Connect need a provider that the installation reaches. For an installation on this machine that is one on\n" +
			"loopback; for another one name --provider-address, and --provider-url if it is reached by another name, by https for example.",
		Example: "  gatehouse conformance --data .gatehouse\n  gatehouse conformance --output markdown > questionnaire.md\n" +
			"  gatehouse conformance --provider-address :8443 --provider-url https://conformance-idp.example.com",
		Args: nothing,
	}
	c.Flags().StringVar(&f.url, "url", "", "where the installation listens (default: its base URL)")
	c.Flags().StringVar(&f.providerAddress, "provider-address", "", "address to listen on for the installation's calls of the test provider")
	c.Flags().StringVar(&f.providerURL, "provider-url", "", "URL by which the installation reaches that address (default: http and the address)")
	c.Flags().StringVar(&f.output, "output", "text", "text, markdown or json")
	c.Flags().BoolVar(&f.quick, "quick", false, "try each forged response in one mode of signing instead of all")
	c.RunE = func(c *cobra.Command, _ []string) error { return playConformance(c, f) }
	return printing(data(c))
}

// playConformance runs the suite and prints its report. What it has made is deleted however it ends.
func playConformance(c *cobra.Command, f conformanceFlags) (err error) {
	if f.output != "text" && f.output != "markdown" && f.output != "json" {
		return fmt.Errorf("--output %q: use text, markdown or json", f.output)
	}
	ctx, t, err := open(c)
	if err != nil {
		return err
	}
	defer t.db.Close()
	throwAway := newThrowAway(t)
	defer func() {
		if gone := throwAway.remove(ctx); err == nil {
			err = gone
		}
	}()
	cfg := conformance.Config{
		BaseURL: t.base.String(), DialURL: f.url, Version: version, SessionCookie: sessions.AccessCookie, Installation: throwAway,
		Development: t.base.Scheme == "http", Quick: f.quick,
	}
	if err := f.providers(&cfg, t.base); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c.ErrOrStderr(), "attacking %s in throw-away tenants named %s-…, which are deleted at the end\n", t.base, throwAway.prefix); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	report, err := conformance.Run(ctx, cfg)
	if err != nil {
		return fmt.Errorf("play the attacks: %w", err)
	}
	if f.output == "json" {
		if err := c.Flags().Set("json", "true"); err != nil {
			return fmt.Errorf("set --json: %w", err)
		}
	}
	err = show(c, report, func() error {
		if f.output == "markdown" {
			return say(c, "%s", report.Markdown())
		}
		return say(c, "%s", report.Text())
	})
	if err == nil && len(report.Failures) > 0 {
		err = fmt.Errorf("%d of %d cases did not end as they must", len(report.Failures), report.Total.Tried)
	}
	return err
}

// onLoopback says that an installation is on this machine.
func onLoopback(base *url.URL) bool {
	ip := net.ParseIP(base.Hostname())
	return base.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
