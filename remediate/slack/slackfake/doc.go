// Package slackfake is a Slack workspace on loopback, for tests, drills and the lab: the Web API methods that an app of messages, buttons
// and modals needs, Socket Mode, signed requests to an app, and the ways in which all of that goes wrong. It is written from Slack's
// documentation and from measurements where the documentation is silent (each such place says so); emulate_test.go compares it with
// a third-party emulator.
//
//	s := slackfake.New(slackfake.Options{})           // slack.OptionAPIURL(s.APIURL()), s.BotToken(), s.AppToken()
//	ada := s.AddUser(state.User{Email: "ada@acme.example"})
//	ops := s.AddChannel(state.Channel{Name: "ops"})
//	...                                                // the app posts a message with a button
//	s.Click(ctx, slackfake.Click{User: ada.ID, Channel: ops.ID, TS: ts, ActionID: "approve"})
//
// Methods: auth.test, apps.connections.open, chat.postMessage, chat.update, chat.delete, chat.postEphemeral, chat.getPermalink,
// conversations.history, conversations.info, conversations.open, conversations.replies, users.info, users.lookupByEmail, views.open,
// views.publish, views.push, views.update. Interactions go to Options.RequestURL, signed, or without one over Socket Mode.
//
// A click is honest by default: the message must have the element, and the person must be there. Click.Forge says what is not
// honest about one. The package control makes all of that to be had over HTTP, so that a Server can run in a process of its own
// (cmd) that outlives the client it serves.
//
// Times of the workspace (ts, lag, rate limits, what expires) are those of Options.Now, in UTC; acknowledgements are timed by the wall
// clock. A Server is safe for concurrent use. It has no real secrets: its tokens are made up when it starts. It does not import testing.
package slackfake
