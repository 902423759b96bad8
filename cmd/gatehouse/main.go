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
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gatehouse: "+oneLine(err)) //nolint:forbidigo // the one line a failed command says
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "gatehouse",
		Short:         "The backend that every B2B product needs: tenants, single sign-on, roles, plans",
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		serveCommand(), devCommand(), migrateCommand(), tenantCommand(), domainCommand(), apikeyCommand(), userCommand(), keysCommand(),
		routesCommand(), configCommand(), healthcheckCommand(),
	)
	return root
}

// oneLine says what went wrong to the operator, who may see the cause.
func oneLine(err error) string {
	text := err.Error()
	var e *errs.Error
	if errors.As(err, &e) && len(e.Fields) == 0 && e.Unwrap() == nil {
		text = e.Detail
	}
	return strings.Join(strings.Fields(text), " ")
}
