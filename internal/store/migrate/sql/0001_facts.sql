-- Facts: what was read from HR and the systems. Rows of a snapshot mean nothing until its row in `snapshots` exists.
-- Their parts are fsynced too: a snapshot that is committed must not lose rows when the power fails. They expire (TTL on the day of loading; a table's age is set from the configuration when muster starts).
-- Days and moments are integers, because Date32 and DateTime64 end with 2299 and would turn 9999-12-31 into another day.

CREATE TABLE IF NOT EXISTS persons
(
    snapshot_id LowCardinality(String),
    id String,
    row Int64,
    given_name String,
    family_name String,
    display_name String,
    email String,
    upn String,
    username String,
    title LowCardinality(String),
    department LowCardinality(String),
    cost_centre LowCardinality(String),
    company LowCardinality(String),
    location LowCardinality(String),
    employment_type LowCardinality(String),
    status LowCardinality(String),
    manager_id String,
    start_day Nullable(Int32) COMMENT 'days since 1970-01-01',
    end_day Nullable(Int32) COMMENT 'days since 1970-01-01',
    attributes Map(String, String),
    id_key String COMMENT 'folded: NFKC, full case folding, trimmed',
    email_key String,
    upn_key String,
    username_key String,
    loaded_on Date,
    start_date Nullable(Date32) ALIAS addDays(toDate32('1970-01-01'), start_day),
    end_date Nullable(Date32) ALIAS addDays(toDate32('1970-01-01'), end_day)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(loaded_on)
ORDER BY (snapshot_id, id, row)
TTL loaded_on + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS accounts
(
    snapshot_id LowCardinality(String),
    system LowCardinality(String),
    id String,
    name String,
    display_name String,
    email String,
    upn String,
    employee_id String,
    owner_ref String,
    kind LowCardinality(String),
    enabled Bool,
    locked Bool,
    privileged Bool,
    mfa Int8 COMMENT '0 unknown, 1 no, 2 yes',
    created_ms Nullable(Int64) COMMENT 'milliseconds since 1970',
    last_login_ms Nullable(Int64),
    never_logged_in Bool,
    password_changed_ms Nullable(Int64),
    expires_ms Nullable(Int64),
    attributes Map(String, String),
    source_ref String,
    name_key String,
    email_key String,
    upn_key String,
    employee_key String,
    owner_key String,
    loaded_on Date,
    last_login Nullable(DateTime64(3, 'UTC')) ALIAS fromUnixTimestamp64Milli(last_login_ms, 'UTC')
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(loaded_on)
ORDER BY (snapshot_id, id, source_ref)
TTL loaded_on + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS entitlements
(
    snapshot_id LowCardinality(String),
    system LowCardinality(String),
    id String,
    kind LowCardinality(String),
    name String,
    description String,
    privileged Bool,
    source_ref String,
    loaded_on Date
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(loaded_on)
ORDER BY (snapshot_id, id, name)
TTL loaded_on + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS grants
(
    snapshot_id LowCardinality(String),
    account_id String,
    entitlement_id LowCardinality(String),
    path Array(LowCardinality(String)) COMMENT 'empty: direct',
    effective Bool,
    admin_option Bool,
    expires_ms Nullable(Int64),
    loaded_on Date
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(loaded_on)
ORDER BY (snapshot_id, account_id, entitlement_id)
TTL loaded_on + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;

-- The grants of each account as arrays, one element a grant. Few grants have a path, so only those do have an element in `path`, in their order.
CREATE TABLE IF NOT EXISTS account_grants
(
    snapshot_id LowCardinality(String),
    account_id String,
    entitlement_ids Array(LowCardinality(String)),
    flags Array(UInt8) COMMENT '1 effective, 2 admin option, 4 has a path',
    path Array(Array(LowCardinality(String))),
    held UInt32 COMMENT 'how many different entitlements',
    loaded_on Date
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(loaded_on)
ORDER BY (snapshot_id, account_id)
TTL loaded_on + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;

-- One row an account and run: of facts' size, so of facts' age. What a finding rests on is in the finding.
CREATE TABLE IF NOT EXISTS links
(
    run_id LowCardinality(String),
    system LowCardinality(String),
    snapshot_id LowCardinality(String),
    account_id String,
    result LowCardinality(String),
    person_id String,
    key LowCardinality(String),
    evidence Array(String),
    loaded_on Date
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(loaded_on)
ORDER BY (run_id, system, account_id)
TTL loaded_on + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1;
