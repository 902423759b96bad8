package catalog

// Bounds of a file: generous for a product, and small enough that the worst file takes about a second to refuse or
// to compile. The default catalog takes some milliseconds.
const (
	maxBytes       = 64 << 10
	maxNesting     = 8
	maxName        = 100
	maxTitle       = 80
	maxDescription = 400
	maxUnit        = 32
	maxFeatures    = 256
	maxPermissions = 256
	maxRoles       = 16
	maxGroups      = 16
	maxConcurrent  = 100_000
	maxMistakes    = 100
)
