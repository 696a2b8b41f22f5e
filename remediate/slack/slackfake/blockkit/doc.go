// Package blockkit checks blocks, views and message metadata as Slack does, and finds and presses the elements in them.
//
// Blocks are decoded JSON: []any of map[string]any, as they were sent. Problems are worded as Slack words them, with a JSON pointer
// to the place. Lengths are in characters (Unicode code points). Sources: docs.slack.dev/reference/block-kit (blocks, block elements,
// composition objects), /reference/views, /messaging/message-metadata. Three limits are not in the documentation and are set so that
// whatever passes here passes there: the size of all blocks of a message (see Weight), the size of metadata (MaxMetadata), and that
// action ids are unique in their block is documented as advice but refused.
//
// Blocks and elements that no check is written for are refused, but for those of which only the common fields are looked at: file,
// rich_text, table and video. The package is pure; functions change what is passed to them only where they say so.
package blockkit
