package seal

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/signing"
)

// Options says what a seal carries.
type Options struct {
	At       time.Time // the signing time, and the date of the metadata: the run's
	Title    string    // of the XMP metadata
	Author   string
	Producer string // what rendered the report
	Reason   string // shown beside the signature, such as the pack and its run
	Attach   []Attachment
	TSA      *Authority // asked for a time stamp; nil for none
}

// Attachment is a file that the sealed report carries.
type Attachment struct {
	Name, MIME, About string
	Content           []byte
}

// Seal appends a seal to a PDF of package pdf. The result begins with pdf, byte for byte.
func Seal(ctx context.Context, pdf []byte, s signing.Sealer, o Options) ([]byte, error) {
	out, err := seal(ctx, pdf, s, o)
	if err != nil {
		kind := access.KindOf(err)
		if kind == access.Internal {
			kind = access.Invalid
		}
		return nil, &access.Error{Op: "seal report", Kind: kind, Hint: access.HintOf(err), Err: err}
	}
	return out, nil
}

func seal(ctx context.Context, pdf []byte, s signing.Sealer, o Options) ([]byte, error) {
	if len(s.Chain) == 0 {
		return nil, errors.New("the seal key has no certificate")
	}
	if leaf := s.Chain[0]; o.At.Before(leaf.NotBefore) || o.At.After(leaf.NotAfter) {
		return nil, fmt.Errorf("the certificate is valid from %s to %s, the report is of %s", day(leaf.NotBefore), day(leaf.NotAfter), day(o.At))
	}
	f, err := open(pdf)
	if err != nil {
		return nil, err
	}
	u := &update{file: f, out: bytes.NewBuffer(slices.Clone(pdf)), next: len(f.offsets), at: map[int]int{}}
	room := 2*roomFor(s, o.TSA != nil) + 2 // hex digits and brackets
	hole, err := u.write(s, o, room)
	if err != nil {
		return nil, err
	}
	return u.finish(ctx, s, o, hole, room)
}

// roomFor bounds the length of the CMS, in bytes; the same key gives the same room.
func roomFor(s signing.Sealer, stamped bool) int {
	room := 4096
	for _, c := range s.Chain {
		room += len(c.Raw)
	}
	if stamped {
		room += 16384 // a token with its authority's chain
	}
	return room
}

// update is the incremental update under way.
type update struct {
	*file
	out  *bytes.Buffer
	next int         // the next free object number
	at   map[int]int // offsets of the objects that were written
}

// object writes an object; n of 0 takes a new number.
func (u *update) object(n int, body string) int {
	if n == 0 {
		n = u.reserve()
	}
	u.at[n] = u.out.Len()
	fmt.Fprintf(u.out, "%d 0 obj\n%s\nendobj\n", n, body)
	return n
}

func (u *update) reserve() int {
	u.next++
	return u.next - 1
}

func (u *update) stream(dict string, content []byte) int {
	return u.object(0, fmt.Sprintf("<<%s /Length %d>>\nstream\n%s\nendstream", dict, len(content), content))
}

// byteRange is replaced when the offsets are known; its length does not change.
const byteRange = "[0000000000 0000000000 0000000000 0000000000]"

// write writes all objects and returns where the signature's hole begins.
func (u *update) write(s signing.Sealer, o Options, room int) (hole int, err error) {
	catalog, err := u.dict(u.root)
	if err != nil {
		return 0, err
	}
	for _, key := range []string{"/AcroForm", "/Perms", "/Metadata", "/AF"} {
		if _, _, ok := value(catalog, key); ok {
			return 0, fmt.Errorf("its catalog has %s already: it is sealed, or not of this house", key)
		}
	}
	last, err := u.page(-1)
	if err != nil {
		return 0, err
	}
	page, err := u.dict(last)
	if err != nil {
		return 0, err
	}
	field, signature := u.reserve(), u.reserve()
	metadata := u.stream("/Type /Metadata /Subtype /XML", xmp(o))
	// The field has no area (ISO 32000-1 §12.7.4.5): viewers show the seal in their signature panel, and the page stays as it was rendered.
	u.object(field, fmt.Sprintf("<</Type /Annot /Subtype /Widget /FT /Sig /T (Seal) /F 132 /Rect [0 0 0 0] /P %d 0 R /V %d 0 R>>", last, signature))
	extra := fmt.Sprintf(" /Version /1.7 /AcroForm <</Fields [%d 0 R] /SigFlags 3>> /Perms <</DocMDP %d 0 R>> /Metadata %d 0 R", field, signature, metadata)
	if from, to, ok := value(catalog, "/Names"); ok && !strings.ContainsAny(catalog[from:to], "(0123456789") { // the empty tree that gofpdf writes
		catalog = strings.TrimSuffix(catalog[:from], "/Names ") + catalog[to:]
	}
	attached, err := u.attach(catalog, o)
	if err != nil {
		return 0, err
	}
	u.object(u.root, "<<"+strings.TrimSpace(catalog)+extra+attached+">>")
	if from, to, ok := value(page, "/Annots"); ok && page[from] == '[' {
		page = page[:to-1] + fmt.Sprintf(" %d 0 R]", field) + page[to:]
	} else if ok {
		return 0, errors.New("its last page has annotations elsewhere")
	} else {
		page += fmt.Sprintf(" /Annots [%d 0 R]", field)
	}
	u.object(last, "<<"+strings.TrimSpace(page)+">>")
	const marker = "/Contents "
	u.object(signature, "<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached /M "+date(o.At)+" /Name "+text(s.Chain[0].Subject.CommonName)+" /Reason "+text(o.Reason)+
		"\n/Reference [<</Type /SigRef /TransformMethod /DocMDP /TransformParams <</Type /TransformParams /P 2 /V /1.2>>>>]\n/ByteRange "+byteRange+"\n"+marker+"<"+strings.Repeat("0", room-2)+">>>")
	hole = bytes.LastIndex(u.out.Bytes(), []byte(marker+"<")) + len(marker)
	return hole, nil
}

// attach writes the attachments and returns what the catalog says of them.
func (u *update) attach(catalog string, o Options) (string, error) {
	if len(o.Attach) == 0 {
		return "", nil
	}
	if _, _, ok := value(catalog, "/Names"); ok {
		return "", errors.New("its catalog has names already: nothing can be attached")
	}
	var names, all strings.Builder
	sorted := slices.Clone(o.Attach)
	slices.SortFunc(sorted, func(a, b Attachment) int { return strings.Compare(a.Name, b.Name) })
	for _, a := range sorted {
		var packed bytes.Buffer
		z := zlib.NewWriter(&packed)
		_, werr := z.Write(a.Content)
		if err := errors.Join(werr, z.Close()); err != nil {
			return "", fmt.Errorf("attach %s: %w", a.Name, err)
		}
		data := u.stream(fmt.Sprintf("/Type /EmbeddedFile /Subtype %s /Filter /FlateDecode /Params <</Size %d /ModDate %s>>", name(a.MIME), len(a.Content), date(o.At)), packed.Bytes())
		spec := u.object(0, fmt.Sprintf("<</Type /Filespec /F %s /UF %s /Desc %s /AFRelationship /Data /EF <</F %d 0 R /UF %d 0 R>>>>", text(a.Name), text(a.Name), text(a.About), data, data))
		fmt.Fprintf(&names, "%s %d 0 R ", text(a.Name), spec)
		fmt.Fprintf(&all, "%d 0 R ", spec)
	}
	return fmt.Sprintf(" /Names <</EmbeddedFiles <</Names [%s]>>>> /AF [%s]", strings.TrimSpace(names.String()), strings.TrimSpace(all.String())), nil
}

// finish writes the cross-reference table, signs everything around the hole and fills it.
func (u *update) finish(ctx context.Context, s signing.Sealer, o Options, hole, room int) ([]byte, error) {
	table := u.out.Len()
	u.out.WriteString("xref\n")
	var numbers []int
	for n := range u.at {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for i := 0; i < len(numbers); {
		j := i + 1
		for j < len(numbers) && numbers[j] == numbers[j-1]+1 {
			j++
		}
		fmt.Fprintf(u.out, "%d %d\n", numbers[i], j-i)
		for ; i < j; i++ {
			fmt.Fprintf(u.out, "%010d 00000 n \n", u.at[numbers[i]])
		}
	}
	sum := sha256.Sum256(u.data)
	id := hex.EncodeToString(sum[:16])
	fmt.Fprintf(u.out, "trailer\n<</Size %d /Root %d 0 R %s /ID [<%s> <%s>] /Prev %d>>\nstartxref\n%d\n%%%%EOF\n", u.next, u.root, u.info, id, id, u.startAt, table)
	data := u.out.Bytes()
	at := bytes.LastIndex(data[:hole], []byte(byteRange))
	copy(data[at:], fmt.Sprintf("[%010d %010d %010d %010d]", 0, hole, hole+room, len(data)-hole-room))
	h := sha256.New()
	h.Write(data[:hole])
	h.Write(data[hole+room:])
	c := &cms{digest: h.Sum(nil), at: o.At, chain: s.Chain}
	if err := c.sign(ctx, s.Signer); err != nil {
		return nil, err
	}
	if o.TSA != nil {
		var err error
		if c.token, err = o.TSA.Stamp(ctx, c.signature); err != nil {
			return nil, err
		}
	}
	der, err := c.encode()
	if err != nil {
		return nil, err
	}
	if 2*len(der) > room-2 {
		return nil, fmt.Errorf("its CMS has %d bytes, there is room for %d", len(der), room/2-1)
	}
	hex.Encode(data[hole+1:], der)
	return data, nil
}
