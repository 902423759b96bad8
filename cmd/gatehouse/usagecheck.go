package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/seed-2a059015/gatehouse/billing/usage"
)

func usageCheck() *cobra.Command {
	var keySet, proof string
	c := &cobra.Command{
		Use:   "check-statement FILE... --jwks FILE",
		Short: "Check signed statements of a tenant without any server; ends with 0 if all holds",
		Long: "Verifies signature and chain of each, and that the next one, of a later month, goes on where the one before it ended. The key set is what\n" +
			"the server has at /.well-known/jwks.json; take it from there yourself. With --proof it checks that an event is in one of them.",
		Args: cobra.MinimumNArgs(1),
	}
	c.Flags().StringVar(&keySet, "jwks", "", "a file with the server's key set")
	c.Flags().StringVar(&proof, "proof", "", "a file with what usage proof printed")
	required(c, "jwks")
	c.RunE = func(c *cobra.Command, files []string) error {
		keys, err := os.ReadFile(keySet) //nolint:gosec // the operator names the file
		if err != nil {
			return fmt.Errorf("read --jwks: %w", err)
		}
		var all []usage.Statement
		for _, name := range files {
			text, err := os.ReadFile(name) //nolint:gosec // the operator names the file
			if err != nil {
				return fmt.Errorf("read a statement: %w", err)
			}
			s, err := usage.ReadSigned(text, keys)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if n := len(all); n > 0 && !s.Follows(all[n-1]) {
				return fmt.Errorf("%s does not go on where %s of %s ended", name, all[n-1].Month, all[n-1].TenantID)
			}
			all = append(all, s)
		}
		if proof != "" {
			if err := checkProof(proof, all); err != nil {
				return err
			}
		}
		for _, s := range all {
			if err := say(c, "%s of %s holds: %d sealed days, head %s", s.Month, s.TenantID, len(s.Days), s.Head); err != nil {
				return err
			}
		}
		if proof != "" {
			return say(c, "the event is sealed")
		}
		return nil
	}
	return c
}

func checkProof(name string, all []usage.Statement) error {
	text, err := os.ReadFile(name) //nolint:gosec // the operator names the file
	if err != nil {
		return fmt.Errorf("read --proof: %w", err)
	}
	var p usage.Proof
	if err := json.Unmarshal(text, &p); err != nil {
		return fmt.Errorf("read --proof: %w", err)
	}
	var failed []error
	for _, s := range all {
		err := p.Check(s)
		if err == nil {
			return nil
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}
