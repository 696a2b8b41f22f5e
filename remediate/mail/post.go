package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/mail/letter"
	"muster/remediate/notice"
)

// post sends one message; it is a notice.Sender.
type post struct {
	channel *Channel
	session *session
	letter  letter.Letter
	name    string // of the addressee
	wire    *wire
}

// Ready opens the connection, so that what cannot be reached leaves no intent behind.
func (p *post) Ready(ctx context.Context, _ notice.Notice) (err error) {
	if p.wire != nil { // of an attempt whose intent could not be stored
		p.session.give(p.wire)
	}
	p.wire, err = p.session.take(ctx)
	return err
}

// Send makes the request and repeats nothing. The Outbox's bound is for channels that are searched by time; a server that looks through a
// message may take longer, and to leave then would send it twice.
func (p *post) Send(ctx context.Context, n notice.Notice) (notice.Ref, error) {
	w := p.wire
	p.wire = nil
	if w == nil {
		return notice.Ref{}, &access.Error{System: system, Op: "send message", Kind: access.Internal, Err: errors.New("there is no connection")}
	}
	id := p.channel.messageID(n.Key)
	message, err := p.channel.compose(n, id, p.name, p.letter)
	if err != nil {
		p.session.give(w)
		return notice.Ref{}, err
	}
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			_ = w.conn.SetDeadline(time.Now().Add(lastWord))
		}
	})
	_ = w.conn.SetDeadline(time.Now().Add(p.session.server.answer)) // a closed connection says so at its next use
	err = w.transfer(p.channel.settings.From, n.Address, message, p.letter.Token, p.session.server.password)
	stop()
	switch kind := access.KindOf(err); {
	case err == nil:
		p.session.give(w)
		p.session.state(nil)
		p.channel.log.DebugContext(ctx, "mail was taken", slog.String("notice", n.Key), slog.String("message_id", id))
		return notice.Ref{Channel: n.Address, ID: id}, nil
	case kind == access.Invalid, kind == access.Throttled && ofMailbox(err): // the server is well
		p.session.give(w)
		p.session.state(nil)
	default:
		w.conn.Close()
		p.session.state(err)
	}
	return notice.Ref{}, err
}

// Find says that mail cannot be searched.
func (p *post) Find(context.Context, notice.Notice, time.Time) (notice.Ref, bool, error) {
	return notice.Ref{}, false, notice.ErrCannotFind
}

// lastWord is how long a server may still answer for a message when we are being stopped.
const lastWord = 5 * time.Second

// messageID is that of the message with a key, whenever and however often it is sent.
func (c *Channel) messageID(key string) string {
	return "<" + remediate.Hash(key)[:40] + "@" + c.domain + ">"
}

// compose writes the message as it is sent. The same notice gives the same bytes.
func (c *Channel) compose(n notice.Notice, id, name string, l letter.Letter) ([]byte, error) {
	hash := remediate.Hash(n.Key)
	m := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP), gomail.WithBoundary("muster-"+hash[40:]), gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(c.from())
	m.ToMailAddress(&netmail.Address{Name: letter.Name(name), Address: n.Address})
	m.Subject(l.Subject)
	m.SetDateWithValue(n.FirstAt.UTC())
	m.SetMessageIDWithValue(strings.Trim(id, "<>"))
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	if n.Thread != "" {
		m.SetGenHeader(gomail.HeaderInReplyTo, n.Thread)
		m.SetGenHeader(gomail.HeaderReferences, n.Thread)
	}
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		return nil, &access.Error{System: system, Op: "write message", Kind: access.Internal, Err: fmt.Errorf("%s: %w", n.Key, err)}
	}
	return b.Bytes(), nil
}

// deliver sends several messages. What one mailbox does not take keeps nobody else's back; a server that cannot be used ends it.
func (c *Channel) deliver(ctx context.Context, s *session, list []notice.Posting) ([]notice.Notice, error) {
	var out []notice.Notice
	var errs []error
	for part := range slices.Chunk(list, chunk) {
		got, err := c.outbox.PostAll(ctx, part)
		out = append(out, got...)
		if down := s.down(); down != nil {
			return out, errors.Join(append(errs, down, ctx.Err())...) // once, not for every message
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return out, errors.Join(errs...)
}

// chunk is how many messages the Outbox is given at a time.
const chunk = 16
