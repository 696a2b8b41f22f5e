package socket

import (
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// writeTimeout bounds one write, so that a client that does not read holds up nobody else.
const writeTimeout = 5 * time.Second

// link is one connection. open is guarded by the hub.
type link struct {
	conn   *websocket.Conn
	number int
	open   bool
	gone   chan struct{}

	writing sync.Mutex
	once    sync.Once
}

func (l *link) send(v any) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	if err := l.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	return l.conn.WriteJSON(v)
}

func (l *link) ping() {
	// A connection that cannot be written to ends in the reader.
	_ = l.conn.WriteControl(websocket.PingMessage, []byte("slackfake"), time.Now().Add(writeTimeout))
}

func (l *link) disconnect(reason string) {
	// As above.
	_ = l.send(map[string]any{"type": "disconnect", "reason": reason, "debug_info": map[string]any{"host": "applink-1"}})
}

// close says goodbye and closes.
func (l *link) close() {
	l.once.Do(func() {
		_ = l.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(writeTimeout))
		close(l.gone)
		_ = l.conn.Close()
	})
}

// drop closes without a word.
func (l *link) drop() {
	l.once.Do(func() {
		close(l.gone)
		_ = l.conn.Close()
	})
}

func (l *link) ended() bool {
	select {
	case <-l.gone:
		return true
	default:
		return false
	}
}
