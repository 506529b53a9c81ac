package exporter

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/prometheus/common/expfmt"
)

// segment is a family in one format, compressed: whole DEFLATE blocks (RFC 1951) that refer to nothing before
// them and end at a byte, none of them marked as the last. So segments can follow each other in one stream.
type segment struct {
	family *family
	blocks []byte
	size   uint32 // of what was compressed, modulo 2^32 as gzip has it
	sum    uint32 // its CRC-32
}

// encodeFamilies encodes families, but for those that last has.
func encodeFamilies(families []*family, last []*segment, format expfmt.Format) ([]*segment, error) {
	known := map[*family]*segment{}
	for _, s := range last {
		known[s.family] = s
	}
	var out []*segment
	var compressor *flate.Writer
	for _, f := range families {
		s := known[f]
		if s == nil {
			if compressor == nil { // it is large
				compressor, _ = flate.NewWriter(nil, flate.BestSpeed) // fails for levels that there are not
			}
			var err error
			if s, err = newSegment(f, format, compressor); err != nil {
				return nil, err
			}
		}
		out = append(out, s)
	}
	return out, nil
}

func newSegment(f *family, format expfmt.Format, compressor *flate.Writer) (*segment, error) {
	var blocks bytes.Buffer
	compressor.Reset(&blocks)
	s := &segment{family: f}
	if err := expfmt.NewEncoder(io.MultiWriter(compressor, (*checksum)(s)), format).Encode(f.proto()); err != nil {
		return nil, fmt.Errorf("encoding %s: %w", f.name, err)
	}
	if err := compressor.Flush(); err != nil {
		return nil, fmt.Errorf("compressing %s: %w", f.name, err)
	}
	s.blocks = bytes.Clone(blocks.Bytes())
	return s, nil
}

// checksum sums up what a segment is made of.
type checksum segment

func (c *checksum) Write(p []byte) (int, error) {
	c.size += uint32(len(p)) //nolint:gosec // modulo 2^32
	c.sum = crc32.Update(c.sum, crc32.IEEETable, p)
	return len(p), nil
}

// lastBlock is the shortest DEFLATE stream: one block, empty and marked as the last.
var lastBlock = []byte{3, 0}

// plain is what the segments were made of.
func plain(segments []*segment) io.Reader {
	var stream []io.Reader
	for _, s := range segments {
		stream = append(stream, bytes.NewReader(s.blocks))
	}
	return flate.NewReader(io.MultiReader(append(stream, bytes.NewReader(lastBlock))...))
}

// The sizes of what a gzip member (RFC 1952) has around its DEFLATE stream, if its header has no optional fields.
const (
	gzipHeader  = 10
	gzipTrailer = 8
)

// intoMember is a gzip member of what the segments were made of, followed by what is in member. A second member
// would not do: browsers ignore all but the first.
func intoMember(member []byte, segments []*segment) (io.Reader, error) {
	if len(member) < gzipHeader+gzipTrailer || member[3] != 0 {
		return nil, errors.New("the gzip header is not a plain one")
	}
	stream := member[gzipHeader : len(member)-gzipTrailer]
	trailer := member[len(member)-gzipTrailer:]
	last := &segment{blocks: stream, sum: binary.LittleEndian.Uint32(trailer), size: binary.LittleEndian.Uint32(trailer[4:])}

	parts := []io.Reader{bytes.NewReader(member[:gzipHeader])}
	var sum, size uint32
	for _, s := range append(slices.Clone(segments), last) {
		parts = append(parts, bytes.NewReader(s.blocks))
		sum, size = joinSums(sum, s.sum, s.size), size+s.size
	}
	trailer = binary.LittleEndian.AppendUint32(nil, sum)
	trailer = binary.LittleEndian.AppendUint32(trailer, size)
	return io.MultiReader(append(parts, bytes.NewReader(trailer))...), nil
}

// joinSums returns the CRC-32 of a followed by b, from those of both and the size of b. A CRC is linear: what a
// adds to the sum of both is what it adds to that of as many zeros, whatever b is.
func joinSums(a, b, size uint32) uint32 {
	var zeros [16 << 10]byte
	with, without := a, uint32(0)
	for size > 0 {
		n := min(size, uint32(len(zeros)))
		with = crc32.Update(with, crc32.IEEETable, zeros[:n])
		without = crc32.Update(without, crc32.IEEETable, zeros[:n])
		size -= n
	}
	return with ^ without ^ b
}
