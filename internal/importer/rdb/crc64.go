package rdb

import "encoding/binary"

// jonesPoly is the polynomial of Redis's crc64.c (Jones), bit-reversed. hash/crc64 computes it too, but only at a
// fifth of the speed below 2 KiB, which is where most values are.
const jonesPoly = 0x95AC9329AC4BC9B5

// lane is the length of one of the three runs that bulk sums side by side.
const lane = 2048

// crcTable[k][b] is the sum of byte b followed by k zero bytes.
var crcTable = func() (t [16][256]uint64) {
	for b := range t[0] {
		sum := uint64(b)
		for range 8 {
			sum = sum>>1 ^ (sum&1)*jonesPoly
		}
		t[0][b] = sum
	}
	for k := 1; k < len(t); k++ {
		for b, sum := range t[k-1] {
			t[k][b] = sum>>8 ^ t[0][byte(sum)]
		}
	}
	return t
}()

// laneTable moves a sum over lane zero bytes: one table for each byte of the sum.
var laneTable = func() (t [8][256]uint64) {
	var zeros [lane]byte
	for k := range t {
		for bit := range 8 {
			t[k][1<<bit] = slice16(1<<(8*k+bit), zeros[:])
		}
		for b := range t[k] {
			t[k][b] = t[k][b&-b] ^ t[k][b&(b-1)]
		}
	}
	return t
}()

// CRC64 continues the checksum sum over p and returns it: CRC-64/Jones as RDB files and DUMP payloads carry it, begun at
// 0 and stored little-endian. CRC64(CRC64(0, a), b) equals CRC64(0, ab).
func CRC64(sum uint64, p []byte) uint64 {
	for len(p) >= 3*lane {
		sum = bulk(sum, p[:3*lane])
		p = p[3*lane:]
	}
	return slice16(sum, p)
}

// bulk sums three lanes at once: one lane's table look-ups wait on each other, three lanes' do not. The race detector,
// with which it takes forty times as long, has seen these bytes written, and sees them read when they are walked.
//
//go:norace
func bulk(sum uint64, p []byte) uint64 {
	x, y, z := p[:lane], p[lane:2*lane], p[2*lane:3*lane]
	var b, c uint64
	t := &crcTable
	for i := 0; i+8 <= lane; i += 8 {
		sum ^= binary.LittleEndian.Uint64(x[i:])
		b ^= binary.LittleEndian.Uint64(y[i:])
		c ^= binary.LittleEndian.Uint64(z[i:])
		sum = t[7][byte(sum)] ^ t[6][byte(sum>>8)] ^ t[5][byte(sum>>16)] ^ t[4][byte(sum>>24)] ^
			t[3][byte(sum>>32)] ^ t[2][byte(sum>>40)] ^ t[1][byte(sum>>48)] ^ t[0][sum>>56]
		b = t[7][byte(b)] ^ t[6][byte(b>>8)] ^ t[5][byte(b>>16)] ^ t[4][byte(b>>24)] ^
			t[3][byte(b>>32)] ^ t[2][byte(b>>40)] ^ t[1][byte(b>>48)] ^ t[0][b>>56]
		c = t[7][byte(c)] ^ t[6][byte(c>>8)] ^ t[5][byte(c>>16)] ^ t[4][byte(c>>24)] ^
			t[3][byte(c>>32)] ^ t[2][byte(c>>40)] ^ t[1][byte(c>>48)] ^ t[0][c>>56]
	}
	return overLane(overLane(sum)^b) ^ c
}

//go:norace
func overLane(sum uint64) uint64 {
	t := &laneTable
	return t[0][byte(sum)] ^ t[1][byte(sum>>8)] ^ t[2][byte(sum>>16)] ^ t[3][byte(sum>>24)] ^
		t[4][byte(sum>>32)] ^ t[5][byte(sum>>40)] ^ t[6][byte(sum>>48)] ^ t[7][byte(sum>>56)]
}

//go:norace
func slice16(sum uint64, p []byte) uint64 {
	t := &crcTable
	for len(p) >= 16 {
		a := sum ^ binary.LittleEndian.Uint64(p)
		b := binary.LittleEndian.Uint64(p[8:])
		sum = t[15][byte(a)] ^ t[14][byte(a>>8)] ^ t[13][byte(a>>16)] ^ t[12][byte(a>>24)] ^
			t[11][byte(a>>32)] ^ t[10][byte(a>>40)] ^ t[9][byte(a>>48)] ^ t[8][a>>56] ^
			t[7][byte(b)] ^ t[6][byte(b>>8)] ^ t[5][byte(b>>16)] ^ t[4][byte(b>>24)] ^
			t[3][byte(b>>32)] ^ t[2][byte(b>>40)] ^ t[1][byte(b>>48)] ^ t[0][b>>56]
		p = p[16:]
	}
	for _, b := range p {
		sum = sum>>8 ^ t[0][byte(sum)^b]
	}
	return sum
}
