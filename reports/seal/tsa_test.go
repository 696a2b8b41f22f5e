package seal

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
)

// authority is OpenSSL's time-stamp authority behind HTTP. change may spoil an answer, or a request before it is answered.
func authority(t *testing.T, request, answer func([]byte) []byte) *Authority {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "tsa.cnf")
	text := "[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=Example TSA\n[ext]\nbasicConstraints=critical,CA:false\nextendedKeyUsage=critical,timeStamping\n" +
		"[tsa]\ndefault_tsa=t\n[t]\nserial=" + dir + "/serial\ncrypto_device=builtin\nsigner_cert=" + dir + "/cert.pem\ncerts=" + dir + "/cert.pem\nsigner_key=" + dir + "/key.pem\nsigner_digest=sha256\n" +
		"default_policy=1.2.3.4.1\ndigests=sha256\naccuracy=secs:1\ness_cert_id_alg=sha256\n"
	if err := errors.Join(os.WriteFile(config, []byte(text), 0o600), os.WriteFile(filepath.Join(dir, "serial"), []byte("01\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if out, err := tool(t, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-config", config, "-keyout", dir+"/key.pem", "-out", dir+"/cert.pem"); err != nil {
		t.Fatal(out)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" {
			http.Error(w, "no query", http.StatusBadRequest)
			return
		}
		if request != nil {
			query = request(query)
		}
		if err := os.WriteFile(dir+"/query", query, 0o600); err != nil {
			t.Error(err)
		}
		if out, err := exec.Command("openssl", "ts", "-reply", "-config", config, "-section", "t", "-queryfile", dir+"/query", "-out", dir+"/reply").CombinedOutput(); err != nil {
			t.Logf("%s", out)
			http.Error(w, "no reply", http.StatusInternalServerError)
			return
		}
		reply, err := os.ReadFile(dir + "/reply")
		if err != nil {
			t.Error(err)
		}
		if answer != nil {
			reply = answer(reply)
		}
		_, _ = w.Write(reply) // what does not arrive is seen by the client
	}))
	t.Cleanup(server.Close)
	return &Authority{URL: server.URL, Client: server.Client(), Timeout: 10 * time.Second, Random: rand.Reader}
}

func TestTimeStampOfARealAuthority(t *testing.T) {
	a := authority(t, nil, nil)
	o := options()
	o.TSA = a
	pdf, s := document(t, 1), sealer(t)
	before := time.Now().Add(-2 * time.Second)
	whole := sealed(t, pdf, s, o)
	info, err := Verify(whole)
	if err != nil || info.Stamp == nil || info.Stamp.Authority != "CN=Example TSA" || info.Stamp.Time.Before(before) || !info.At.Equal(asOf) {
		t.Fatalf("%v %+v", err, info.Stamp)
	}
	if !bytes.HasPrefix(whole, pdf) {
		t.Error("the render is not a prefix")
	}
	if out, err := tool(t, "pdfsig", write(t, "stamped.pdf", whole)); err != nil || !strings.Contains(out, "Signature is Valid") {
		t.Errorf("pdfsig: %v %s", err, out)
	}
	if out, err := tool(t, "qpdf", "--check", write(t, "stamped.pdf", whole)); err != nil {
		t.Errorf("qpdf: %v %s", err, out)
	}
	c, err := parse(info.CMS)
	if err != nil {
		t.Fatal(err)
	}
	// OpenSSL verifies the token over the seal's signature.
	cert := write(t, "tsa.der", info.Stamp.Certificate.Raw)
	pem, err := tool(t, "openssl", "x509", "-inform", "DER", "-in", cert)
	if err != nil {
		t.Fatal(pem)
	}
	if out, err := tool(t, "openssl", "ts", "-verify", "-token_in", "-in", write(t, "token", c.token), "-data", write(t, "signature", c.signature), "-CAfile", write(t, "tsa.pem", []byte(pem))); err != nil || !strings.Contains(out, "Verification: OK") {
		t.Errorf("openssl: %v %s", err, out)
	}
	// A token of another signature is not taken for this one's.
	other := *c
	other.signature = append([]byte{}, c.signature...)
	if _, err := checkToken(c.token, other.signature[1:]); err == nil {
		t.Error("a token over something else passes")
	}
}

func TestAnAuthoritysAnswerIsNotTakenUnseen(t *testing.T) {
	for name, c := range map[string]struct {
		request, answer func([]byte) []byte
		kind            access.Kind
		want            string
	}{
		"another nonce": {func(b []byte) []byte { // nonce is the INTEGER of 16 octets before BOOLEAN TRUE
			b = bytes.Clone(b)
			b[len(b)-4] ^= 1
			return b
		}, nil, access.Invalid, "nonce"},
		"another imprint": {func(b []byte) []byte {
			b = bytes.Clone(b)
			b[bytes.Index(b, []byte{0x04, 0x20})+5] ^= 1
			return b
		}, nil, access.Invalid, "over something else"},
		"a changed signature": {nil, func(b []byte) []byte {
			b = bytes.Clone(b)
			b[len(b)-20] ^= 1
			return b
		}, access.Invalid, ""},
		"a changed signer": {nil, func(b []byte) []byte {
			return bytes.ReplaceAll(b, []byte("Example TSA"), []byte("Exemple TSA")) // its key signed, under another name
		}, access.Invalid, "not the one that it names"},
		"no query": {func([]byte) []byte { return []byte("x") }, nil, access.Invalid, ""},
		"no reply": {nil, func([]byte) []byte { return nil }, access.Invalid, ""},
		"a page":   {nil, func([]byte) []byte { return []byte("<html>") }, access.Invalid, ""},
	} {
		_, err := authority(t, c.request, c.answer).Stamp(t.Context(), []byte("message"))
		if access.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %s %v", name, access.KindOf(err), err)
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"slow":    func(http.ResponseWriter, *http.Request) { time.Sleep(time.Second) },
		"failing": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
	} {
		server := httptest.NewServer(h)
		_, err := (&Authority{URL: server.URL, Timeout: 200 * time.Millisecond}).Stamp(t.Context(), nil)
		if access.KindOf(err) != access.Transient || access.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
		server.CloseClientConnections()
		server.Close()
	}
}
