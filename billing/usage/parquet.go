package usage

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

const parquetMagic = "PAR1"

// WriteParquet writes the rows of a report as a Parquet file with the columns of its CSV: texts, 64-bit integers, and times in UTC with
// microseconds. It has one group of rows and in it one page for each column, with plain values and gzip, which every reader has. The
// library's own writer brings five megabytes of codecs along, so of it there are only the structures of the format.
func WriteParquet(w io.Writer, q Query, rows []Row) error {
	out := bytes.NewBufferString(parquetMagic)
	columns := q.parquetColumns()
	meta := format.FileMetaData{
		Version: 1, NumRows: int64(len(rows)), CreatedBy: "gatehouse",
		Schema: thrift.Slice[format.SchemaElement]{{Name: "usage", NumChildren: thrift.New(int32(len(columns)))}},
	}
	group := format.RowGroup{NumRows: meta.NumRows, FileOffset: int64(out.Len())}
	for _, c := range columns {
		chunk, err := c.write(out, rows)
		if err != nil {
			return fmt.Errorf("write the column %s: %w", c.name, err)
		}
		group.Columns = append(group.Columns, format.ColumnChunk{MetaData: chunk})
		group.TotalByteSize += chunk.TotalUncompressedSize
		group.TotalCompressedSize += chunk.TotalCompressedSize
		meta.Schema = append(meta.Schema, c.schema())
	}
	if len(rows) > 0 { // a group has rows
		meta.RowGroups = thrift.Slice[format.RowGroup]{group}
	}
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), meta)
	if err != nil {
		return fmt.Errorf("write the footer: %w", err)
	}
	out.Write(footer)
	out.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(footer))))
	out.WriteString(parquetMagic)
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}

// parquetColumn is a column of texts, of numbers or of times.
type parquetColumn struct {
	name   string
	text   func(Row) string
	number func(Row) int64
	time   bool // the numbers are microseconds since 1970
}

func (q Query) parquetColumns() []parquetColumn {
	list := []parquetColumn{{name: "meter", text: func(Row) string { return q.Meter }}}
	if q.Step != Whole {
		list = append(list, parquetColumn{name: "starts_at", number: func(r Row) int64 { return r.StartsAt.UnixMicro() }, time: true})
	}
	for _, d := range q.parts() {
		list = append(list, parquetColumn{name: string(d), text: func(r Row) string { return r.part(d) }})
	}
	for i, name := range measured {
		if i == len(measured)-1 {
			list = append(list, parquetColumn{name: name, text: func(r Row) string { return r.Currency }})
			continue
		}
		list = append(list, parquetColumn{name: name, number: func(r Row) int64 { return r.measures()[i] }})
	}
	return list
}

func (c parquetColumn) kind() format.Type {
	if c.text != nil {
		return format.ByteArray
	}
	return format.Int64
}

func (c parquetColumn) schema() format.SchemaElement {
	s := format.SchemaElement{Name: c.name, Type: thrift.New(c.kind()), RepetitionType: thrift.New(format.Required)}
	switch {
	case c.text != nil:
		s.ConvertedType = thrift.New(deprecated.UTF8)
		s.LogicalType.Value = &format.StringType{}
	case c.time:
		s.ConvertedType = thrift.New(deprecated.TimestampMicros)
		s.LogicalType.Value = &format.TimestampType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: &format.MicroSeconds{}}}
	}
	return s
}

// write writes the column's only page.
func (c parquetColumn) write(out *bytes.Buffer, rows []Row) (format.ColumnMetaData, error) {
	var plain []byte
	for _, r := range rows {
		if c.text == nil {
			plain = binary.LittleEndian.AppendUint64(plain, uint64(c.number(r)))
			continue
		}
		text := c.text(r)
		plain = append(binary.LittleEndian.AppendUint32(plain, uint32(len(text))), text...)
	}
	var page bytes.Buffer
	zip := gzip.NewWriter(&page)
	if _, err := zip.Write(plain); err != nil {
		return format.ColumnMetaData{}, err
	}
	if err := zip.Close(); err != nil {
		return format.ColumnMetaData{}, err
	}
	header, err := thrift.Marshal(new(thrift.CompactProtocol), format.PageHeader{
		Type: format.DataPage, UncompressedPageSize: int32(len(plain)), CompressedPageSize: int32(page.Len()),
		DataPageHeader: thrift.New(format.DataPageHeader{
			NumValues: int32(len(rows)), Encoding: format.Plain, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
		}),
	})
	if err != nil {
		return format.ColumnMetaData{}, err
	}
	at := int64(out.Len())
	out.Write(header)
	out.Write(page.Bytes())
	return format.ColumnMetaData{
		Type: c.kind(), Encoding: thrift.Slice[format.Encoding]{format.Plain, format.RLE}, PathInSchema: thrift.Slice[string]{c.name}, Codec: format.Gzip,
		NumValues: int64(len(rows)), DataPageOffset: at,
		TotalUncompressedSize: int64(len(header) + len(plain)), TotalCompressedSize: int64(len(header) + page.Len()),
	}, nil
}
