package notice

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"muster/internal/access"
)

// Posting is one message of several.
type Posting struct {
	Notice Notice
	Sender Sender
}

const (
	postBatch    = 16
	postParallel = 4
)

// PostAll sends several messages, some at the same time, and writes down what happened for a batch at a time. The notices come back in the
// order of the postings. One that fails does not keep the others; a channel that is not to be reached does.
func (o *Outbox) PostAll(ctx context.Context, list []Posting) ([]Notice, error) {
	out := make([]Notice, 0, len(list))
	var errs []error
	for part := range slices.Chunk(list, postBatch) {
		got, failed := o.postBatch(ctx, part)
		out, errs = append(out, got...), append(errs, failed...)
		if ctx.Err() != nil || slices.ContainsFunc(failed, Unreachable) {
			break
		}
	}
	for i := len(out); i < len(list); i++ {
		out = append(out, list[i].Notice)
	}
	return out, errors.Join(errs...)
}

// Unreachable reports whether an error says that the channel itself cannot be used now, so that there is no sense in the next message.
func Unreachable(err error) bool {
	kind := access.KindOf(err)
	return kind == access.Transient || kind == access.Throttled
}

func (o *Outbox) postBatch(ctx context.Context, list []Posting) ([]Notice, []error) {
	first := map[string]int{} // a key that stands there twice is one message
	for i, p := range list {
		if _, ok := first[p.Notice.Key]; !ok {
			first[p.Notice.Key] = i
		}
	}
	keys := make([]string, 0, len(first))
	for key := range first {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, strings.Compare) // one order for all, so that no two batches wait for each other
	for _, key := range keys {
		defer o.locks.lock(key)()
	}
	out, errs, fresh := make([]Notice, len(list)), make([]error, len(list)), make([]bool, len(list))
	var g errgroup.Group
	g.SetLimit(postParallel)
	for _, key := range keys {
		i := first[key]
		g.Go(func() error {
			out[i], fresh[i], errs[i] = o.deliver(ctx, list[i].Notice, list[i].Sender)
			return nil
		})
	}
	errs = append(errs, g.Wait())
	var done []*Notice
	for i := range out {
		if fresh[i] {
			done = append(done, &out[i])
		}
	}
	if len(done) > 0 {
		errs = append(errs, o.commit(ctx, "sent", done...))
	}
	for i, p := range list {
		out[i] = out[first[p.Notice.Key]]
	}
	return out, slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}
