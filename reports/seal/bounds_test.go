package seal

import (
	"bytes"
	"encoding/asn1"
	"strings"
	"testing"

	"muster/internal/signing"
)

// der is a value that holds another, n deep.
func der(t *testing.T, n int) []byte {
	t.Helper()
	out := []byte{5, 0}
	for range n {
		var err error
		if out, err = asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: out}); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestATimeStampIsBoundedBeforeItIsRead: the reader of time stamps follows every nesting, and a stack has an end.
func TestATimeStampIsBoundedBeforeItIsRead(t *testing.T) {
	for name, token := range map[string][]byte{
		"long":                        bytes.Repeat([]byte{0x30, 0x80}, 8<<20),
		"deep, of indefinite lengths": bytes.Repeat([]byte{0x30, 0x80}, 1000),
		"deep, of lengths":            der(t, 1000),
		"cut":                         {0x30, 0x05, 0x02, 0x01},
		"beyond what holds it":        {0x30, 0x03, 0x02, 0x05, 0x01},
		"a length of eight bytes":     {0x30, 0x88, 0, 0, 0, 0, 0, 0, 0, 1, 0},
		"a tag without an end":        {0x1f, 0x81, 0x81},
		"one byte":                    {0x30},
	} {
		if err := shallow(token); err == nil {
			t.Errorf("%s: it is read", name)
		}
		if _, err := checkToken(token, nil); err == nil || !strings.Contains(err.Error(), "read time stamp") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, token := range map[string][]byte{"flat": der(t, 20), "of indefinite length": {0x30, 0x80, 0x30, 0x80, 0x02, 0x01, 0x07, 0, 0, 0x04, 0x00, 0, 0}, "nothing": {}} {
		if err := shallow(token); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhatAnotherKeySealedIsNotLookedInto: not its content, nor what else its CMS holds.
func TestWhatAnotherKeySealedIsNotLookedInto(t *testing.T) {
	pdf, s, other := document(t, 1), sealer(t), sealer(t)
	whole := sealed(t, pdf, s, options())
	id := signing.ID(s.Chain[0].PublicKey)
	if info, err := VerifyBy(whole, id); err != nil || info.KeyID != id {
		t.Fatal(err)
	}
	spoilt := bytes.Clone(whole)
	spoilt[200] ^= 1
	for _, pdf := range [][]byte{whole, spoilt} {
		info, err := VerifyBy(pdf, signing.ID(other.Chain[0].PublicKey))
		if err == nil || !strings.Contains(err.Error(), "it is sealed by key "+id) || info.KeyID != id {
			t.Errorf("%v %+v", err, info.KeyID)
		}
	}
	info, err := Verify(whole)
	if err != nil {
		t.Fatal(err)
	}
	wide := bytes.Clone(whole[:info.Range[1]+1])
	wide = append(append(wide, bytes.Repeat([]byte("0"), mostHole)...), whole[info.Range[1]+1:]...)
	at := bytes.LastIndex(wide[:info.Range[1]], []byte("/ByteRange ["))
	copy(wide[at:], bytes.Replace(wide[at:at+60], []byte(digits(info.Range[2])), []byte(digits(info.Range[2]+mostHole)), 1))
	if _, err := Verify(wide); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a hole without an end: %v", err)
	}
}

func digits(n int) string {
	s := "0000000000"
	for i := len(s) - 1; n > 0; i-- {
		s = s[:i] + string(rune('0'+n%10)) + s[i+1:]
		n /= 10
	}
	return s
}

// TestTheReportCarriesOneFileAndIsComparedWithIt, byte for byte, and no more is unpacked than it should have.
func TestTheReportCarriesOneFileAndIsComparedWithIt(t *testing.T) {
	pdf, s := document(t, 1), sealer(t)
	o := options()
	whole := sealed(t, pdf, s, o)
	info, err := Verify(whole)
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckAttached(whole, info, "evidence.json", []byte("{}\n")); err != nil {
		t.Error(err)
	}
	for content, want := range map[string]string{"{}": "is not this one", "{}\n\n": "is not this one", "{ }\n": "is not this one"} {
		if err := CheckAttached(whole, info, "evidence.json", []byte(content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", content, err)
		}
	}
	if err := CheckAttached(whole, info, "other.json", []byte("{}\n")); err == nil {
		t.Error("a file of another name is taken")
	}
	bomb := o
	bomb.Attach = []Attachment{{Name: "evidence.json", MIME: "application/json", Content: bytes.Repeat([]byte(" "), 64<<20)}}
	none, two := o, o
	none.Attach = nil
	two.Attach = append(two.Attach[:1:1], Attachment{Name: "more.json", MIME: "application/json", Content: []byte("[]")})
	for name, one := range map[string]Options{"none": none, "two": two, "bomb": bomb} {
		whole := sealed(t, pdf, s, one)
		info, err := Verify(whole)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckAttached(whole, info, "evidence.json", []byte("{}\n")); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}

// TestAValueWithoutAnEndIsNoStackWithoutOne reads a PDF whose catalog nests.
func TestAValueWithoutAnEndIsNoStackWithoutOne(t *testing.T) {
	if _, err := skip(bytes.Repeat([]byte("<<"), 20<<20), 0); err == nil || !strings.Contains(err.Error(), "deep") {
		t.Error(err)
	}
	if _, err := skip(bytes.Repeat([]byte("["), 20<<20), 0); err == nil {
		t.Error("it has an end")
	}
}
