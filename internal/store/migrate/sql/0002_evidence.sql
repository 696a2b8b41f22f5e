-- Evidence: kept for ever and fsynced before an insert is acknowledged. Append-only: a change is a row of a higher version.

CREATE TABLE IF NOT EXISTS snapshots
(
    id String,
    version UInt64,
    run_id String,
    system LowCardinality(String),
    collector LowCardinality(String),
    collector_version LowCardinality(String),
    taken_at DateTime64(3, 'UTC'),
    started_at Nullable(DateTime64(3, 'UTC')),
    finished_at Nullable(DateTime64(3, 'UTC')),
    state LowCardinality(String),
    reason String,
    hint String,
    coverage String COMMENT 'JSON of access.Coverage',
    digest String,
    baseline Bool,
    counts Map(String, UInt64) COMMENT 'rows stored per object class',
    written_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (system, taken_at, id, version)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

CREATE TABLE IF NOT EXISTS rejections
(
    snapshot_id String,
    class LowCardinality(String),
    ref String,
    reason String
)
ENGINE = MergeTree
ORDER BY (snapshot_id, class, ref)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

CREATE TABLE IF NOT EXISTS runs
(
    id String,
    version UInt64 COMMENT 'rises over all runs',
    organisation String,
    state LowCardinality(String),
    as_of DateTime64(3, 'UTC'),
    started_at Nullable(DateTime64(3, 'UTC')),
    finished_at Nullable(DateTime64(3, 'UTC')),
    muster_version LowCardinality(String),
    config_digest String,
    rules_digest String,
    incomplete Bool,
    persons Int64,
    accounts Int64,
    grants Int64,
    counts String COMMENT 'JSON array of access.RuleCount',
    checkpoint String,
    first_entry UInt64,
    last_entry UInt64,
    evidence String COMMENT 'JSON of the sources, rules, bundles and exceptions as the run applied them' CODEC(ZSTD),
    written_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (id, version)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- What a run reasoned from: one row for HR and one for each system.
CREATE TABLE IF NOT EXISTS run_snapshots
(
    run_id String,
    version UInt64,
    ordinal UInt32,
    hr Bool,
    system LowCardinality(String),
    used_id String COMMENT 'empty: no usable snapshot',
    previous_id String,
    as_of DateTime64(3, 'UTC'),
    link_keys Array(String) COMMENT 'of the HR row',
    link_domains Array(String) COMMENT 'of the HR row'
)
ENGINE = MergeTree
ORDER BY (run_id, version, ordinal)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

CREATE TABLE IF NOT EXISTS link_map
(
    run_id String,
    ordinal UInt32,
    system LowCardinality(String),
    account String,
    account_key String,
    person String,
    person_key String
)
ENGINE = MergeTree
ORDER BY (run_id, ordinal)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

CREATE TABLE IF NOT EXISTS profiles
(
    run_id String,
    profile UInt64,
    persons UInt64,
    fields Array(LowCardinality(String)),
    values Array(String)
)
ENGINE = MergeTree
ORDER BY (run_id, profile)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

CREATE TABLE IF NOT EXISTS bundles
(
    run_id String,
    name String,
    title String,
    condition String COMMENT 'CEL',
    lead_days Int64,
    systems Array(LowCardinality(String)),
    entitlements Array(String)
)
ENGINE = MergeTree
ORDER BY (run_id, name)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

CREATE TABLE IF NOT EXISTS expectations
(
    run_id String,
    profile UInt64,
    system LowCardinality(String),
    entitlement LowCardinality(String) COMMENT 'name',
    basis_kind Array(LowCardinality(String)),
    basis_name Array(LowCardinality(String)),
    basis_until_ms Array(Nullable(Int64))
)
ENGINE = MergeTree
ORDER BY (run_id, profile, system, entitlement)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

CREATE TABLE IF NOT EXISTS finding_events
(
    run_id String,
    fingerprint String,
    id String,
    rule LowCardinality(String),
    scope LowCardinality(String),
    severity LowCardinality(String),
    severity_rank Int8,
    state LowCardinality(String),
    change LowCardinality(String),
    system LowCardinality(String),
    subject String,
    subject_id String,
    detail String,
    person String,
    person_name String,
    message String,
    hint String,
    controls Array(String),
    evidence_expr Array(String),
    evidence_value Array(String),
    evidence_source Array(String),
    exception String,
    first_seen DateTime64(3, 'UTC'),
    last_seen DateTime64(3, 'UTC'),
    resolved_at Nullable(DateTime64(3, 'UTC')),
    INDEX by_fingerprint fingerprint TYPE bloom_filter GRANULARITY 1
)
ENGINE = MergeTree
ORDER BY (run_id, fingerprint)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- A run counts when its newest version is completed; the version that first said so orders the runs.
CREATE VIEW IF NOT EXISTS completed_runs AS
SELECT id, minIf(version, state = 'completed') AS sequence
FROM runs
GROUP BY id
HAVING argMax(state, version) = 'completed';

CREATE VIEW IF NOT EXISTS findings_current AS
SELECT e.*, r.sequence AS sequence
FROM finding_events AS e
INNER JOIN completed_runs AS r ON e.run_id = r.id
ORDER BY r.sequence DESC
LIMIT 1 BY e.fingerprint;

-- The newest version of every snapshot.
CREATE VIEW IF NOT EXISTS snapshots_current AS
SELECT * FROM snapshots ORDER BY version DESC LIMIT 1 BY id;
