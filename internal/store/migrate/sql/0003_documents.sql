-- What was decided and done: every version of every action, approval, request, exception, hold and message. Evidence: kept for ever, fsynced.

CREATE TABLE IF NOT EXISTS documents
(
    kind LowCardinality(String),
    id String,
    version UInt64,
    state LowCardinality(String),
    key String,
    system LowCardinality(String),
    person String,
    run_id String,
    at DateTime64(3, 'UTC'),
    body String COMMENT 'JSON' CODEC(ZSTD),
    written_at DateTime64(3, 'UTC'),
    INDEX by_key key TYPE bloom_filter GRANULARITY 1
)
ENGINE = MergeTree
ORDER BY (kind, id, version)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- The newest version of every document.
CREATE VIEW IF NOT EXISTS documents_current AS
SELECT * FROM documents ORDER BY kind, id, version DESC LIMIT 1 BY kind, id;
