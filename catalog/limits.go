package catalog

// Bounds of a file: generous for a product, and small enough that reading any file takes well under a second.
const (
	maxBytes       = 64 << 10
	maxNesting     = 8
	maxName        = 100
	maxTitle       = 80
	maxFeatures    = 256
	maxPermissions = 256
	maxRoles       = 16
	maxMistakes    = 100
)
