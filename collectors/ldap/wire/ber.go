package wire

import (
	"fmt"
)

// The tags of RFC 4511 that reading needs.
const (
	tagInteger  = 0x02
	tagOctets   = 0x04
	tagEnum     = 0x0a
	tagBool     = 0x01
	tagSequence = 0x30
	tagSet      = 0x31
	tagControls = 0xa0
	tagReferral = 0xa3

	opBind             = 0x60
	opBindResponse     = 0x61
	opUnbind           = 0x42
	opSearch           = 0x63
	opEntry            = 0x64
	opDone             = 0x65
	opReference        = 0x73
	opExtended         = 0x77
	opExtendedResponse = 0x78
	opIntermediate     = 0x79
)

// maxMessage bounds one message. A group with a million members has about 80 MB.
const maxMessage = 256 << 20

func appendSequence(b []byte, tag byte, body func([]byte) []byte) []byte {
	b = append(b, tag, 0)
	start := len(b)
	b = body(b)
	n := len(b) - start
	if n < 0x80 {
		b[start-1] = byte(n)
		return b
	}
	var length []byte
	for v := n; v > 0; v >>= 8 {
		length = append([]byte{byte(v)}, length...)
	}
	b[start-1] = 0x80 | byte(len(length))
	b = append(b, length...)
	copy(b[start+len(length):], b[start:start+n])
	copy(b[start:], length)
	return b
}

func appendText(b []byte, tag byte, s string) []byte {
	return appendSequence(b, tag, func(b []byte) []byte { return append(b, s...) })
}

func appendInt(b []byte, tag byte, v int64) []byte {
	n := 1
	for x := v; x > 127 || x < -128; x >>= 8 {
		n++
	}
	b = append(b, tag, byte(n))
	for i := n - 1; i >= 0; i-- {
		b = append(b, byte(v>>(8*i)))
	}
	return b
}

// header reads tag and length; rest is what follows the header.
func header[T ~string | ~[]byte](b T) (tag byte, size, start int, ok bool) {
	if len(b) < 2 {
		return 0, 0, 0, false
	}
	tag, size, start = b[0], int(b[1]), 2
	if size < 0x80 {
		return tag, size, start, true
	}
	n := size & 0x7f
	if n == 0 || n > 4 || len(b) < 2+n {
		return tag, 0, 0, false
	}
	size = 0
	for i := range n {
		size = size<<8 | int(b[2+i])
	}
	return tag, size, 2 + n, true
}

// messageSize is the size of the message that starts here; not ok when more bytes are needed to tell.
func messageSize(b []byte) (int, bool, error) {
	if b[0] != tagSequence {
		return 0, false, fmt.Errorf("%w: first byte 0x%02x", ErrProtocol, b[0])
	}
	if n := int(b[1]) & 0x7f; b[1] >= 0x80 && (n == 0 || n > 4) {
		return 0, false, fmt.Errorf("%w: bad length", ErrProtocol)
	} else if b[1] >= 0x80 && len(b) < 2+n {
		return 0, false, nil
	}
	_, size, start, _ := header(b)
	if size > maxMessage {
		return 0, false, fmt.Errorf("%w: a message of %d bytes", ErrProtocol, size)
	}
	return start + size, true, nil
}

// take cuts the first element off b. Elements that run over the end are a protocol error.
func take[T ~string | ~[]byte](b T) (tag byte, value, rest T, err error) {
	tag, size, start, ok := header(b)
	if !ok || size > len(b)-start {
		return 0, value, rest, fmt.Errorf("%w: an element runs over its end", ErrProtocol)
	}
	return tag, b[start : start+size], b[start+size:], nil
}

func integer[T ~string | ~[]byte](b T) int64 {
	if len(b) == 0 || len(b) > 8 {
		return -1
	}
	v := int64(int8(b[0]))
	for i := 1; i < len(b); i++ {
		v = v<<8 | int64(b[i])
	}
	return v
}

// message is one LDAPMessage, its parts still encoded.
type message struct {
	id       int64
	op       byte
	body     []byte
	controls []byte
}

func parseMessage(raw []byte) (message, error) {
	var m message
	_, inner, _, err := take(raw)
	if err != nil {
		return m, err
	}
	tag, id, rest, err := take(inner)
	if err != nil || tag != tagInteger {
		return m, fmt.Errorf("%w: no message id", ErrProtocol)
	}
	m.id = integer(id)
	if m.op, m.body, rest, err = take(rest); err != nil {
		return m, err
	}
	if len(rest) > 0 {
		if tag, m.controls, _, err = take(rest); err != nil || tag != tagControls {
			return m, fmt.Errorf("%w: bad controls", ErrProtocol)
		}
	}
	return m, nil
}

// result reads an LDAPResult (RFC 4511 §4.1.9); nil is success.
func (m message) result() error {
	tag, code, rest, err := take(m.body)
	if err != nil || tag != tagEnum {
		return fmt.Errorf("%w: no result code", ErrProtocol)
	}
	_, matched, rest, err := take(rest)
	if err != nil {
		return err
	}
	_, diag, rest, err := take(rest)
	if err != nil {
		return err
	}
	n := int(integer(code))
	if n == 0 {
		return nil
	}
	e := &ResultError{Code: n, Matched: string(matched), Message: string(diag)}
	if len(rest) > 0 && rest[0] == tagReferral {
		_, urls, _, err := take(rest)
		if err != nil {
			return err
		}
		e.Referrals, err = texts(urls)
		if err != nil {
			return err
		}
	}
	return e
}

func texts(b []byte) ([]string, error) {
	var list []string
	for len(b) > 0 {
		_, v, rest, err := take(b)
		if err != nil {
			return nil, err
		}
		list, b = append(list, string(v)), rest
	}
	return list, nil
}
