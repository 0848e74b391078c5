-- The first schema; schema.sql explains it.
CREATE TABLE store (
    name       TEXT PRIMARY KEY NOT NULL,
    store_id   TEXT UNIQUE,
    settings   TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE cluster (
    id             TEXT PRIMARY KEY NOT NULL,
    name           TEXT NOT NULL UNIQUE,
    cassandra_name TEXT NOT NULL,
    partitioner    TEXT NOT NULL,
    settings       TEXT NOT NULL,
    created_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE node (
    cluster_id TEXT NOT NULL REFERENCES cluster (id),
    host_id    TEXT NOT NULL,
    address    TEXT NOT NULL,
    datacenter TEXT NOT NULL,
    rack       TEXT NOT NULL,
    tokens     TEXT NOT NULL,
    facts      TEXT NOT NULL,
    seen_at    INTEGER NOT NULL,
    present    INTEGER NOT NULL,
    PRIMARY KEY (cluster_id, host_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE topology (
    id             INTEGER PRIMARY KEY,
    cluster_id     TEXT NOT NULL REFERENCES cluster (id),
    seen_at        INTEGER NOT NULL,
    release        TEXT NOT NULL,
    schema_version TEXT NOT NULL,
    ring           TEXT NOT NULL
) STRICT;
CREATE INDEX topology_of_cluster ON topology (cluster_id, id);

CREATE TABLE run (
    id         TEXT PRIMARY KEY NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('backup', 'verify', 'restoreNode', 'restoreCluster')),
    cluster_id TEXT NOT NULL REFERENCES cluster (id),
    state      TEXT NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'partlyFailed', 'interrupted', 'cancelled')),
    request    TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    failure    TEXT,
    backup_id  TEXT,
    restore_id TEXT,
    CHECK ((ended_at IS NULL) = (state IN ('running', 'interrupted')))
) STRICT;
CREATE INDEX run_of_cluster ON run (cluster_id, started_at);
CREATE INDEX run_unfinished ON run (state) WHERE ended_at IS NULL;

CREATE TABLE run_stage (
    run_id     TEXT NOT NULL REFERENCES run (id),
    ordinal    INTEGER NOT NULL,
    name       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed', 'skipped', 'interrupted')),
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    detail     TEXT,
    PRIMARY KEY (run_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_node (
    run_id     TEXT NOT NULL REFERENCES run (id),
    host_id    TEXT NOT NULL,
    address    TEXT NOT NULL,
    stage      TEXT NOT NULL,
    job_id     TEXT,
    state      TEXT NOT NULL,
    progress   TEXT,
    failure    TEXT,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (run_id, host_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_event (
    run_id TEXT NOT NULL REFERENCES run (id),
    number INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    level  TEXT NOT NULL CHECK (level IN ('info', 'warning', 'error')),
    node   TEXT,
    text   TEXT NOT NULL,
    code   TEXT,
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE cluster_lock (
    cluster_id  TEXT PRIMARY KEY NOT NULL REFERENCES cluster (id),
    epoch       INTEGER NOT NULL,
    run_id      TEXT REFERENCES run (id),
    acquired_at INTEGER,
    CHECK ((run_id IS NULL) = (acquired_at IS NULL))
) STRICT;

CREATE TABLE backup (
    id          TEXT PRIMARY KEY NOT NULL,
    cluster_id  TEXT NOT NULL REFERENCES cluster (id),
    store       TEXT NOT NULL REFERENCES store (name),
    run_id      TEXT NOT NULL REFERENCES run (id),
    state       TEXT NOT NULL CHECK (state IN ('running', 'complete', 'partial', 'failed')),
    consistency TEXT NOT NULL CHECK (consistency IN ('transactional', 'per-node')),
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,
    bytes       INTEGER NOT NULL,
    sent_bytes  INTEGER NOT NULL,
    sstables    INTEGER NOT NULL,
    damaged     INTEGER NOT NULL,
    description TEXT
) STRICT;
CREATE INDEX backup_of_cluster ON backup (cluster_id, started_at);

CREATE TABLE node_backup (
    backup_id TEXT NOT NULL REFERENCES backup (id),
    host_id   TEXT NOT NULL,
    address   TEXT NOT NULL,
    state     TEXT NOT NULL CHECK (state IN ('pending', 'snapshotTaken', 'uploading', 'uploaded', 'failed')),
    snapshot  TEXT,
    result    TEXT,
    failure   TEXT,
    PRIMARY KEY (backup_id, host_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE restore (
    id         TEXT PRIMARY KEY NOT NULL,
    cluster_id TEXT NOT NULL REFERENCES cluster (id),
    backup_id  TEXT NOT NULL,
    store      TEXT NOT NULL REFERENCES store (name),
    kind       TEXT NOT NULL CHECK (kind IN ('node', 'cluster')),
    state      TEXT NOT NULL CHECK (state IN ('planned', 'running', 'awaitingDecision', 'kept', 'dropped', 'rolledBack', 'failed', 'interrupted')),
    plan       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX restore_of_cluster ON restore (cluster_id, created_at);

CREATE TABLE node_restore (
    restore_id TEXT NOT NULL REFERENCES restore (id),
    host_id    TEXT NOT NULL,
    address    TEXT NOT NULL,
    step       TEXT NOT NULL,
    layout     TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (restore_id, host_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    who     TEXT NOT NULL,
    what    TEXT NOT NULL,
    target  TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;
