package slackbench_test

import (
	"context"
	"testing"
	"time"

	"muster/remediate/notice/noticetest"
	"muster/remediate/remediatetest"
	"muster/remediate/slack/slackbench"
)

func TestAckMeasuresEveryClick(t *testing.T) {
	for name, overHTTP := range map[string]bool{"http": true, "socket": false} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			r, err := slackbench.Ack(ctx, slackbench.Options{Dir: t.TempDir(), Records: &remediatetest.Records{}, Ledger: &noticetest.Ledger{}, Clicks: 100, Rate: 50, HTTP: overHTTP, Now: time.Now})
			if err != nil || r.Clicks != 100 || r.Decided != 50 || r.P50 <= 0 || r.P99 < r.P50 || r.Max < r.P99 {
				t.Fatalf("%+v, %v", r, err)
			}
			t.Logf("%+v", r)
		})
	}
}
