package usage

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"
)

// segmentVersion is the first byte of a segment. What it names must be readable for ever.
const segmentVersion = 1

// segmentRows is how many events one segment has at most. A tenant's day has as many segments as it takes.
const segmentRows = 32_768

// mostSegment bounds what a segment may inflate to, many times what it can be.
const mostSegment = segmentRows * 4_096

// encodeSegment writes events of one tenant and one partition column by column, compressed: times and transactions as differences, ids and
// texts as places in a list of those that there are.
func encodeSegment(records []record) ([]byte, error) {
	b := binary.AppendUvarint(nil, uint64(len(records)))
	for i := range records {
		b = append(b, records[i].idem[:]...)
	}
	for _, of := range []func(*record) int64{recordTxid, recordAt, recordReceived} {
		last := int64(0)
		for i := range records {
			n := of(&records[i])
			b = binary.AppendVarint(b, n-last)
			last = n
		}
	}
	for column := range numberCount {
		for i := range records {
			b = binary.AppendVarint(b, records[i].numbers[column])
		}
	}
	for column := range whoCount {
		b = appendPlaces(b, records, func(r *record) string { return string(r.who[column][:]) })
	}
	for column := range textCount {
		b = appendPlaces(b, records, func(r *record) string { return r.texts[column] })
	}
	out := bytes.NewBuffer([]byte{segmentVersion})
	w, err := flate.NewWriter(out, flate.DefaultCompression)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("compress a segment: %w", err)
	}
	return out.Bytes(), nil
}

func recordTxid(r *record) int64     { return r.txid }
func recordAt(r *record) int64       { return r.at }
func recordReceived(r *record) int64 { return r.received }

// appendPlaces writes the different values of a column, and for each event the place of its own.
func appendPlaces(b []byte, records []record, of func(*record) string) []byte {
	places, values := map[string]uint64{}, []string{}
	at := make([]uint64, len(records))
	for i := range records {
		v := of(&records[i])
		p, ok := places[v]
		if !ok {
			p = uint64(len(values))
			places[v], values = p, append(values, v)
		}
		at[i] = p
	}
	b = binary.AppendUvarint(b, uint64(len(values)))
	for _, v := range values {
		b = append(binary.AppendUvarint(b, uint64(len(v))), v...)
	}
	for _, p := range at {
		b = binary.AppendUvarint(b, p)
	}
	return b
}

var errSegment = errors.New("the segment is damaged")

// decodeSegment reads what encodeSegment wrote. Tenant and day are those of the segment's row.
func decodeSegment(data []byte, tenant uuid.UUID, of day) ([]record, error) {
	if len(data) == 0 || data[0] != segmentVersion {
		return nil, errSegment
	}
	b, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data[1:])), mostSegment+1))
	if err != nil || len(b) > mostSegment {
		return nil, errors.Join(errSegment, err)
	}
	d := segmentReader{b: b}
	n := d.count(segmentRows)
	records := make([]record, n)
	for i := range records {
		records[i].tenant, records[i].day = tenant, of
		copy(records[i].idem[:], d.bytes(len(uuid.UUID{})))
	}
	for column := range 3 {
		last := int64(0)
		for i := range records {
			last += d.number()
			r := &records[i]
			*[]*int64{&r.txid, &r.at, &r.received}[column] = last
		}
	}
	for column := range numberCount {
		for i := range records {
			records[i].numbers[column] = d.number()
		}
	}
	for column := range whoCount {
		d.places(len(records), func(i int, v string) { copy(records[i].who[column][:], v) })
	}
	for column := range textCount {
		d.places(len(records), func(i int, v string) { records[i].texts[column] = v })
	}
	if d.bad || len(d.b) > 0 {
		return nil, errSegment
	}
	return records, nil
}

// segmentReader reads to the end, or until something is wrong, after which all is empty.
type segmentReader struct {
	b   []byte
	bad bool
}

func (d *segmentReader) bytes(n int) []byte {
	if d.bad || n > len(d.b) {
		d.bad = true
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *segmentReader) count(most int) int {
	n, size := binary.Uvarint(d.b)
	if d.bad || size <= 0 || n > uint64(most) {
		d.bad = true
		return 0
	}
	d.b = d.b[size:]
	return int(n)
}

func (d *segmentReader) number() int64 {
	n, size := binary.Varint(d.b)
	if d.bad || size <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[size:]
	return n
}

func (d *segmentReader) places(rows int, set func(i int, value string)) {
	values := make([]string, d.count(rows))
	for i := range values {
		values[i] = string(d.bytes(d.count(len(d.b))))
	}
	for i := range rows {
		p := d.count(rows)
		if d.bad || p >= len(values) {
			d.bad = true
			return
		}
		set(i, values[p])
	}
}
