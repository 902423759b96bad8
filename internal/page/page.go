package page

// Page is the wire form of one piece of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next_cursor,omitempty"`
}

// Cut makes a page of a query that asked for one row more than size: the surplus row only tells that there is a next
// page, whose cursor is made from the last item that is shown. An empty page has an empty list, never null.
func Cut[T any](items []T, size int, cursor func(last T) string) Page[T] {
	if len(items) <= size {
		return Page[T]{Items: append([]T{}, items...)}
	}
	return Page[T]{Items: items[:size:size], Next: cursor(items[size-1])}
}
