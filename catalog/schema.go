package catalog

import (
	"bytes"
	_ "embed"
)

//go:embed schema.json
var schemaSource []byte

// Schema returns a JSON Schema of the catalog file, for editors that complete and underline. It is of draft 7, which
// they all know, and says less than [Parse] refuses: names that must be declared elsewhere in the file are beyond it.
func Schema() []byte { return bytes.Clone(schemaSource) }
