package main

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

func healthcheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "healthcheck", Short: "Ask a running server whether it is ready", Args: nothing,
		Long: "Asks GATEHOUSE_HEALTHCHECK_URL, for containers without a shell. Prints nothing if the server is ready.",
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := loadSettings(nil)
			if err != nil {
				return err
			}
			req, err := http.NewRequestWithContext(c.Context(), http.MethodGet, s.HealthcheckURL, http.NoBody)
			if err != nil {
				return fmt.Errorf("GATEHOUSE_HEALTHCHECK_URL: %w", err)
			}
			res, err := (&http.Client{Timeout: 5 * time.Second}).Do(req)
			if err != nil {
				return fmt.Errorf("ask the server: %w", err)
			}
			defer res.Body.Close()
			if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)); err != nil {
				return fmt.Errorf("read the server's answer: %w", err)
			}
			if res.StatusCode != http.StatusOK {
				return fmt.Errorf("the server is not ready: %s", res.Status)
			}
			return nil
		},
	}
}
