// Package load writes one snapshot's records into the store, fast and in bounded memory.
//
// Records are collected column by column, one buffer an object class. A full buffer is inserted in the background while the
// next one fills; at most two inserts are under way, so memory is bounded whatever the snapshot's size. Each insert has a deduplication token of
// snapshot, class and sequence, so that it can be sent again without being stored twice.
//
// Rows of a snapshot are nothing until Commit has written its row in the table snapshots: readers start from that table. Commit first
// counts what is stored; a difference means that rows were lost or doubled, and the snapshot is not committed. A Loader is safe for
// concurrent use, though the order of records means nothing. Days and moments keep every year, 9999 included.
package load
