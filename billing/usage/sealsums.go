package usage

import (
	"math/big"
	"time"
)

// lineKey is what a line of a seal is about.
type lineKey struct {
	month           time.Time
	meter, currency string
}

// sealSums are the lines of a seal.
type sealSums map[lineKey]*sealLine

type sealLine struct {
	events   int64
	largest  int64
	numbers  [numberCount]big.Int
	subjects map[string]struct{} // of a meter of unique things
	fresh    int64               // of them, those that no earlier day had
}

func (s sealSums) add(r *record) {
	k := lineKey{r.month(), r.texts[meterAt], r.texts[currencyAt]}
	l := s[k]
	if l == nil {
		l = &sealLine{}
		s[k] = l
	}
	l.events++
	l.largest = max(l.largest, r.numbers[quantityAt])
	var n big.Int
	for i := range l.numbers {
		l.numbers[i].Add(&l.numbers[i], n.SetInt64(r.numbers[i]))
	}
	if subject := r.texts[subjectAt]; subject != "" {
		if l.subjects == nil {
			l.subjects = map[string]struct{}{}
		}
		l.subjects[subject] = struct{}{}
	}
}
