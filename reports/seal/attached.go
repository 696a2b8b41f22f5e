package seal

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// embedded is an attached file as Seal writes it, up to its packed bytes.
var embedded = regexp.MustCompile(`\n(\d+) 0 obj\n<</Type /EmbeddedFile /Subtype [^ \n]+ /Filter /FlateDecode /Params <</Size \d+ /ModDate \(D:\d{14}Z\)>> /Length (\d+)>>\nstream\n`)

// CheckAttached checks that a report whose seal was verified carries one file, of this name and this content, byte for byte.
func CheckAttached(pdf []byte, info Info, named string, content []byte) error {
	update := pdf[info.Unsealed:]
	found := embedded.FindAllSubmatchIndex(update, -1)
	if n := bytes.Count(pdf, []byte("/EmbeddedFile ")); len(found) != 1 || n != 1 {
		return fmt.Errorf("it carries %d files, not one", n)
	}
	object, at := string(update[found[0][2]:found[0][3]]), found[0][1]
	length, err := strconv.Atoi(string(update[found[0][4]:found[0][5]]))
	if err != nil || length > len(update)-at {
		return fmt.Errorf("the file that it carries is cut")
	}
	spec := fmt.Appendf(nil, "<</Type /Filespec /F %s /UF %s ", text(named), text(named))
	if bytes.Count(pdf, []byte("/Filespec ")) != 1 || bytes.Count(update, spec) != 1 || bytes.Count(update, fmt.Appendf(nil, " /EF <</F %s 0 R /UF %s 0 R>>>>\n", object, object)) != 1 {
		return fmt.Errorf("the file that it carries is not %s", named)
	}
	z, err := zlib.NewReader(bytes.NewReader(update[at : at+length]))
	if err != nil {
		return fmt.Errorf("the file that it carries: %w", err)
	}
	have, err := io.ReadAll(io.LimitReader(z, int64(len(content))+1))
	if err != nil {
		return fmt.Errorf("the file that it carries: %w", err)
	}
	if !bytes.Equal(have, content) {
		return fmt.Errorf("the %s that it carries is not this one", named)
	}
	return nil
}
