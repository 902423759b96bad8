package metadata

// What real metadata stays far below.
const (
	maxDocument      = 1 << 20
	maxElements      = 20_000 // a small federation, in which one is chosen
	maxNesting       = 8      // EntitiesDescriptor in EntitiesDescriptor
	maxEntityID      = 1024
	maxLocation      = 2048
	maxEndpoints     = 10 // of one kind
	maxNameIDFormats = 20
	maxChoices       = 200
	maxCertificates  = 5
	maxOffered       = 16 // with those that are offered twice, or that issued another one
)
