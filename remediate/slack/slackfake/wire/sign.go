package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
)

// The headers of a signed request.
const (
	SignatureHeader = "X-Slack-Signature"
	TimestampHeader = "X-Slack-Request-Timestamp"
)

// Signature is version 0: the HMAC-SHA256 of "v0:<timestamp>:<body>" under the app's signing secret, in hex.
func Signature(secret string, unix int64, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte("v0:" + strconv.FormatInt(unix, 10) + ":")) // a hash takes everything
	h.Write(body)
	return "v0=" + hex.EncodeToString(h.Sum(nil))
}

// SignHeader sets both headers.
func SignHeader(h http.Header, secret string, unix int64, body []byte) {
	h.Set(TimestampHeader, strconv.FormatInt(unix, 10))
	h.Set(SignatureHeader, Signature(secret, unix, body))
}
