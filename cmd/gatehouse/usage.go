package main

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
)

func usageCommand() *cobra.Command {
	return group("usage", "Report what tenants used, watch it come, seal it, and count it again", usageReport(), usageTail(), usageVerify(), usageSeal(), usageStatement(), usageProof(),
		usageCheck())
}

// plain is a text that customers wrote, fit for a terminal and for a column: quoted if it is anything but printable.
func plain(text string) string {
	odd := func(r rune) bool { return r == '"' || !unicode.IsPrint(r) }
	if strings.ContainsFunc(text, odd) {
		return strconv.QuoteToGraphic(text)
	}
	return text
}

// money writes billionths of a currency's unit.
func money(billionths int64, currency string) string {
	const unit = 1_000_000_000
	text := strconv.FormatInt(billionths/unit, 10)
	if rest := billionths % unit; rest != 0 {
		text += "." + strings.TrimRight(strconv.FormatInt(unit+rest, 10)[1:], "0")
	}
	return strings.TrimSpace(text + " " + plain(currency))
}
