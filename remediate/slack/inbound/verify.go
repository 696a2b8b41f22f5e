package inbound

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"muster/remediate/approve"
)

// maxAge is how far a request's time may be from ours, either way (authentication/verifying-requests-from-slack).
const maxAge = 5 * time.Minute

// verify checks a request's signature over its raw body, and then its age. The empty kind means that it is Slack's.
func verify(secret string, h http.Header, body []byte, now time.Time) approve.RefusalKind {
	stamps, signatures := h.Values("X-Slack-Request-Timestamp"), h.Values("X-Slack-Signature")
	if secret == "" || len(stamps) != 1 || len(signatures) != 1 {
		return approve.RefusedSignature
	}
	stamp := stamps[0]
	if len(stamp) > 12 || strings.Trim(stamp, "0123456789") != "" {
		return approve.RefusedSignature
	}
	unix, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return approve.RefusedSignature
	}
	text, ok := strings.CutPrefix(signatures[0], "v0=")
	got, err := hex.DecodeString(text)
	if !ok || err != nil {
		return approve.RefusedSignature
	}
	if !hmac.Equal(got, mac(secret, stamp, body)) {
		return approve.RefusedSignature
	}
	if now.Sub(time.Unix(unix, 0)).Abs() > maxAge {
		return approve.RefusedStale
	}
	return ""
}

func mac(secret, stamp string, body []byte) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("v0:" + stamp + ":"))
	m.Write(body)
	return m.Sum(nil)
}
