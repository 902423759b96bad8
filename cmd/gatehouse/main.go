// Command gatehouse is the server, its development set-up and the operator's command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/internal/errs"
)

// version is set when a release is built.
var version = "dev" //nolint:gochecknoglobals // the linker's -X needs a variable

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	interrupted := ctx.Err() != nil && errors.Is(err, context.Canceled)
	stop()
	if interrupted {
		err = errors.New("interrupted")
	}
	if errors.Is(err, errRefused) {
		os.Exit(1)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gatehouse: "+oneLine(err))
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := group("gatehouse", "The backend that every B2B product needs: tenants, single sign-on, roles, plans", serveCommand(), devCommand(), migrateCommand(), tenantCommand(), domainCommand(), apikeyCommand(), userCommand(), keysCommand(),
		catalogCommand(), checkCommand(), routesCommand(), configCommand(), conformanceCommand(), healthcheckCommand(), usageCommand(), quotaCommand(),
	)
	root.Version, root.SilenceErrors, root.SilenceUsage = version, true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	return root
}

// oneLine says what went wrong to the operator: the words meant for people instead of codes and of what lies beneath, except where only
// that tells what to do. Mistakes that come together are parted by semicolons.
func oneLine(err error) string {
	text := strings.TrimPrefix(err.Error(), "gatehouse: ") // the library says it too
	if e, ok := errors.AsType[*errs.Error](err); ok {
		text = strings.Replace(text, e.Error(), spoken(e), 1)
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		line = strings.Join(strings.Fields(line), " ")
		if line == "" {
			continue
		}
		switch before := out.String(); {
		case before == "":
		case strings.HasSuffix(before, ":"), strings.HasSuffix(before, ";"):
			out.WriteByte(' ')
		default:
			out.WriteString("; ")
		}
		out.WriteString(line)
	}
	return out.String()
}

func spoken(e *errs.Error) string {
	if e.Kind == errs.Unavailable || e.Kind == errs.Internal {
		if cause := e.Unwrap(); cause != nil {
			return cause.Error()
		}
	}
	if len(e.Fields) == 0 {
		return e.Detail
	}
	var fields []string
	for _, f := range e.Fields {
		fields = append(fields, f.Name+": "+f.Detail)
	}
	return strings.Join(fields, "; ")
}
