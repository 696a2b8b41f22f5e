// Command cmd runs the fake Slack as a process of its own, so that it outlives a client that is killed.
//
//	go run ./remediate/slack/slackfake/cmd [--listen 127.0.0.1:0] [--request-url URL] [--lag 1s] [--scale 10] [--no-limits] [--stdin]
//
// Its first line on standard output is JSON: where it listens, its tokens and its signing secret, all made up when it starts. It is
// ruled over HTTP, see the package control. It ends at SIGINT or SIGTERM, and with --stdin when its standard input ends,
// so that it does not outlive the parent that holds the other end. What it holds is gone then.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/control"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "slackfake:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var o slackfake.Options
	flags := flag.NewFlagSet("slackfake", flag.ContinueOnError)
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:0", "address of the loopback interface")
	flags.StringVar(&o.RequestURL, "request-url", "", "where interactions go; without it they go over Socket Mode")
	flags.DurationVar(&o.Lag, "lag", 0, "how long what is posted stays out of the history")
	flags.Float64Var(&o.Scale, "scale", 1, "how many times as fast as the wall clock the workspace's clock runs")
	flags.BoolVar(&o.NoLimits, "no-limits", false, "no rate limits")
	flags.IntVar(&o.PostBurst, "post-burst", 0, "how many messages a channel takes at once; 0 is 5")
	flags.DurationVar(&o.AckTimeout, "ack-timeout", 0, "how long the app may take to acknowledge; 0 is 3 s")
	flags.DurationVar(&o.Connection, "connection", 0, "how long a Socket Mode connection lasts; 0 is an hour")
	flags.StringVar(&o.BotToken, "bot-token", "", "the bot token; made up when empty")
	flags.StringVar(&o.AppToken, "app-token", "", "the app-level token; made up when empty")
	flags.StringVar(&o.SigningSecret, "signing-secret", "", "the signing secret; made up when empty")
	stdin := flags.Bool("stdin", false, "end when standard input ends")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	defer stop()
	s, err := slackfake.Start(o)
	if err != nil {
		return err
	}
	defer s.Close()
	control.Mount(s)
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"url": s.URL(), "api_url": s.APIURL(), "bot_token": s.BotToken(), "app_token": s.AppToken(),
		"signing_secret": s.SigningSecret()}); err != nil {
		return fmt.Errorf("say where: %w", err)
	}
	if *stdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	<-ctx.Done()
	return nil
}
