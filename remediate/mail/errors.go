package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"syscall"
	"unicode"

	"muster/internal/access"
)

// system is what errors call the SMTP server.
const system = "mail"

// stage is what was being done when it failed.
type stage int

const (
	opening stage = iota // greeting, EHLO, STARTTLS
	signing              // AUTH
	sender               // MAIL FROM
	mailbox              // RCPT TO
	content              // DATA and what follows
)

// maxAnswer is how much of what a server says is repeated.
const maxAnswer = 300

// failed says what a failure means (RFC 5321 §4.2.1, §4.2.3; RFC 4954 §6). Whatever the server said, no secret of ours is in it.
func failed(op string, at stage, err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	out := &access.Error{System: system, Op: op, Kind: access.Transient}
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		out.Kind, out.Hint = meaning(at, answer.Code)
		out.Err = &refusal{at: at, code: answer.Code, text: scrubbed(answer.Msg, secrets)}
		return out
	}
	if kind, hint, ok := reaching(err); ok {
		out.Kind, out.Hint = kind, hint
	}
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			out.Err = end
			return out
		}
	}
	out.Err = errors.New(scrubbed(err.Error(), secrets))
	return out
}

// refusal is what the server answered.
type refusal struct {
	at   stage
	code int
	text string
}

// Error gives the answer as the server said it.
func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.code, r.text) }

// unavailable is the server's answer when it ends the connection (RFC 5321 §3.8).
const unavailable = 421

// ofMailbox reports whether an error is about one mailbox, while the server takes mail for others.
func ofMailbox(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.at == mailbox && r.code != unavailable
}

// meaning reads an answer that is no success.
func meaning(at stage, code int) (access.Kind, string) {
	switch {
	case code >= 400 && code < 500:
		return access.Throttled, "" // not taken, and to be tried again
	case code == 535 && at == signing, code == 530, code == 534, code == 538:
		return access.Denied, "check mail.user and mail.password"
	case at == signing, code == 535:
		return access.Denied, "check mail.user and mail.password, and that the account may sign in by SMTP"
	case at == opening:
		return access.Denied, "the server at mail.smtp takes no mail from here"
	case at == sender:
		return access.Invalid, "the server must let mail.user send as mail.from"
	case at == mailbox:
		return access.Invalid, "check the address in HR, or set people.identities[].email"
	}
	return access.Invalid, ""
}

// reaching says what a failure to reach the server means; false when it is none that can be told.
func reaching(err error) (access.Kind, string, bool) {
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		hint := "the server's certificate is not fit for a server"
		if invalid.Reason == x509.Expired {
			hint = "renew the server's certificate, or set this host's clock right"
		}
		return access.Invalid, hint, true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return access.Invalid, "set mail.ca_file to the PEM of the authority that signed the server's certificate", true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return access.Invalid, "use the name in the certificate in mail.smtp", true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return access.Invalid, "this port does not speak TLS from the start: use that of submission, 587", true
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return access.Transient, "check the host in mail.smtp", true
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return access.Transient, "is the mail server running, and is the port in mail.smtp right?", true
	}
	return "", "", false
}

// shortest is how long a piece of a secret must be to be taken out by itself: a server may quote a line that is cut anywhere.
const shortest = 16

// scrubbed is a text without secrets, on one line, and short.
func scrubbed(s string, secrets []string) string {
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))} {
			s = strings.ReplaceAll(s, form, "***")
			for i := 0; i+shortest <= len(form); i++ {
				s = strings.ReplaceAll(s, form[i:i+shortest], "***")
			}
		}
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsGraphic(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if r := []rune(s); len(r) > maxAnswer {
		s = string(r[:maxAnswer]) + "…"
	}
	return s
}
