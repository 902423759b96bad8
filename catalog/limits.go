package catalog

// Bounds of a file. Generous for a product, and small enough that reading any file takes well under a second: the
// YAML parser's time grows with the square of keys in a mapping and of nesting.
const (
	maxBytes       = 64 << 10
	maxTokens      = 16_000
	maxNesting     = 8
	maxName        = 100
	maxTitle       = 80
	maxFeatures    = 256
	maxPermissions = 256
	maxRoles       = 16
	maxMistakes    = 100
)
