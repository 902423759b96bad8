package usage

// Aggregation is what events come to.
type Aggregation string

// The aggregations.
const (
	Sum    Aggregation = "sum"    // all quantities together
	Count  Aggregation = "count"  // the number of events
	Max    Aggregation = "max"    // the largest quantity
	Unique Aggregation = "unique" // the number of different subjects
)

// Aggregations returns all aggregations.
func Aggregations() []Aggregation { return []Aggregation{Sum, Count, Max, Unique} }
