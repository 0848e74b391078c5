-- The catalogue of aeneasd: one SQLite file. It remembers; the truth about a backup lies in its store.
--
-- This is the whole current schema. Sources/Catalog/Migrations holds the numbered steps that lead to it, and a test proves that they do.
--
-- Times (…_at) are milliseconds since 1970 in UTC. Sizes are bytes. A column called JSON holds one value as text, keys sorted; its type is named beside it.
-- Ids of our own: clusters and stores have UUIDs, backups ids such as 20261124T145501Z-1a2b3c, runs, jobs, restores and pauses ULIDs. A node is known by Cassandra's host id.
-- No column holds a secret: credentials stand in files that a setting names.

-- Where backups go.
CREATE TABLE store (
    name       TEXT PRIMARY KEY NOT NULL,
    store_id   TEXT UNIQUE,              -- of the store's own aeneas.json; NULL until it was first reached
    settings   TEXT NOT NULL,            -- JSON, StoreSettings
    created_at INTEGER NOT NULL
) STRICT;

-- What is backed up.
CREATE TABLE cluster (
    id             TEXT PRIMARY KEY NOT NULL,
    name           TEXT NOT NULL UNIQUE, -- the administrator's, and that of the folder in the store
    cassandra_name TEXT NOT NULL,        -- cluster_name of cassandra.yaml; need not be unique
    partitioner    TEXT NOT NULL,
    settings       TEXT NOT NULL,        -- JSON, ClusterSettings
    created_at     INTEGER NOT NULL
) STRICT;

-- Every node that has ever answered for itself.
CREATE TABLE node (
    cluster_id TEXT NOT NULL REFERENCES cluster (id),
    host_id    TEXT NOT NULL,
    address    TEXT NOT NULL,            -- may change, and be used again by another node
    datacenter TEXT NOT NULL,
    rack       TEXT NOT NULL,
    tokens     TEXT NOT NULL,            -- JSON, list of decimal texts
    facts      TEXT NOT NULL,            -- JSON, NodeFacts, as of seen_at, without the ring
    seen_at    INTEGER NOT NULL,         -- when the node itself answered last
    present    INTEGER NOT NULL,         -- 1: a member of the ring when it was last looked at
    PRIMARY KEY (cluster_id, host_id)
) STRICT, WITHOUT ROWID;

-- Every ring that was seen to differ from the one before.
CREATE TABLE topology (
    id             INTEGER PRIMARY KEY,
    cluster_id     TEXT NOT NULL REFERENCES cluster (id),
    seen_at        INTEGER NOT NULL,     -- first time that it was seen so
    release        TEXT NOT NULL,        -- of Cassandra; several, joined by ', ', while an upgrade is under way
    schema_version TEXT NOT NULL,        -- likewise
    ring           TEXT NOT NULL         -- JSON, list of RingMember
) STRICT;
CREATE INDEX topology_of_cluster ON topology (cluster_id, id);

-- One attempt at an operation.
CREATE TABLE run (
    id         TEXT PRIMARY KEY NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('backup', 'verify', 'restoreNode', 'restoreCluster', 'pause')),
    cluster_id TEXT REFERENCES cluster (id), -- NULL: a pause of an application by itself
    state      TEXT NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'partlyFailed', 'interrupted', 'cancelled')),
    request    TEXT NOT NULL,            -- JSON, as the operation was asked for
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,                  -- NULL while running or interrupted
    failure    TEXT,                     -- JSON, Failure
    backup_id  TEXT,                     -- the one made, verified or restored; a store may hold backups that the catalogue does not
    restore_id TEXT,                     -- the one carried out
    CHECK ((ended_at IS NULL) = (state IN ('running', 'interrupted'))),
    CHECK (kind = 'pause' OR cluster_id IS NOT NULL)
) STRICT;
CREATE INDEX run_of_cluster ON run (cluster_id, started_at);
CREATE INDEX run_unfinished ON run (state) WHERE ended_at IS NULL;

-- A stage is recorded before it starts.
CREATE TABLE run_stage (
    run_id     TEXT NOT NULL REFERENCES run (id),
    ordinal    INTEGER NOT NULL,         -- from 1; a stage that is repeated has another ordinal
    name       TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed', 'skipped', 'interrupted')),
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    detail     TEXT,
    PRIMARY KEY (run_id, ordinal)
) STRICT, WITHOUT ROWID;

-- How far each node is in a run.
CREATE TABLE run_node (
    run_id     TEXT NOT NULL REFERENCES run (id),
    host_id    TEXT NOT NULL,
    address    TEXT NOT NULL,
    stage      TEXT NOT NULL,
    job_id     TEXT,                     -- the agent's detached work; NULL when none is under way
    state      TEXT NOT NULL,
    progress   TEXT,                     -- JSON, Progress
    failure    TEXT,                     -- JSON, Failure
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (run_id, host_id)
) STRICT, WITHOUT ROWID;

-- What a run has to tell, in order.
CREATE TABLE run_event (
    run_id TEXT NOT NULL REFERENCES run (id),
    number INTEGER NOT NULL,             -- from 1, without gaps
    at     INTEGER NOT NULL,
    level  TEXT NOT NULL CHECK (level IN ('info', 'warning', 'error')),
    node   TEXT,                         -- address, when it concerns one
    text   TEXT NOT NULL,
    code   TEXT,                         -- docs/errors.md
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;

-- At most one run works on a cluster. The row stays when the lock is given back, so that the epoch only ever grows.
CREATE TABLE cluster_lock (
    cluster_id  TEXT PRIMARY KEY NOT NULL REFERENCES cluster (id),
    epoch       INTEGER NOT NULL,        -- grows with every acquisition: who holds an older one is not the holder
    run_id      TEXT REFERENCES run (id), -- NULL: free
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
    bytes       INTEGER NOT NULL,        -- of all SSTables that it holds
    sent_bytes  INTEGER NOT NULL,        -- of those, what had to travel
    sstables    INTEGER NOT NULL,
    damaged     INTEGER NOT NULL,        -- SSTables that disagreed with their own digest on the node
    description TEXT                     -- JSON, BackupDescription: backup.json as it was written
) STRICT;
CREATE INDEX backup_of_cluster ON backup (cluster_id, started_at);

CREATE TABLE node_backup (
    backup_id TEXT NOT NULL REFERENCES backup (id),
    host_id   TEXT NOT NULL,
    address   TEXT NOT NULL,
    state     TEXT NOT NULL CHECK (state IN ('pending', 'snapshotTaken', 'uploading', 'uploaded', 'failed')),
    snapshot  TEXT,                      -- JSON, SnapshotTaken
    result    TEXT,                      -- JSON, UploadResult
    failure   TEXT,                      -- JSON, Failure
    PRIMARY KEY (backup_id, host_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE restore (
    id         TEXT PRIMARY KEY NOT NULL,
    cluster_id TEXT NOT NULL REFERENCES cluster (id),
    backup_id  TEXT NOT NULL,            -- may be known to the store alone
    store      TEXT NOT NULL REFERENCES store (name),
    kind       TEXT NOT NULL CHECK (kind IN ('node', 'cluster')),
    state      TEXT NOT NULL CHECK (state IN ('planned', 'running', 'awaitingDecision', 'kept', 'dropped', 'rolledBack', 'failed', 'interrupted')),
    plan       TEXT NOT NULL,            -- JSON, as it was shown and confirmed
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX restore_of_cluster ON restore (cluster_id, created_at);

-- How far a restore is on each node, and where it works there: enough to undo it.
CREATE TABLE node_restore (
    restore_id TEXT NOT NULL REFERENCES restore (id),
    host_id    TEXT NOT NULL,            -- whose part of the backup is put back
    address    TEXT NOT NULL,
    step       TEXT NOT NULL,
    layout     TEXT NOT NULL,            -- JSON, RestoreLayout
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (restore_id, host_id)
) STRICT, WITHOUT ROWID;

-- Instances that are paused together.
CREATE TABLE application (
    name       TEXT PRIMARY KEY NOT NULL,
    settings   TEXT NOT NULL,            -- JSON, ApplicationSettings
    created_at INTEGER NOT NULL
) STRICT;

-- One pause of one application. The row is written before the first Pause is sent: whatever a pause may have closed can be found in it after a crash.
CREATE TABLE pause (
    id          TEXT PRIMARY KEY NOT NULL,
    run_id      TEXT NOT NULL REFERENCES run (id), -- the backup that it serves, or a run of kind 'pause'
    application TEXT NOT NULL,           -- its name then; outlives the application
    -- intended: Pause may have been sent; paused: every target has answered; ended: every target was proven open; unconfirmed: some could not be, yet
    state       TEXT NOT NULL CHECK (state IN ('intended', 'paused', 'ended', 'unconfirmed')),
    access      TEXT NOT NULL,           -- JSON, PauseAccess: the targets as they were resolved, and how they are reached
    intended_at INTEGER NOT NULL,
    deadline_at INTEGER NOT NULL,        -- when a guardian opens the targets whatever happens
    window_at   INTEGER,                 -- when the window began; NULL before
    ended_at    INTEGER,                 -- NULL while a target may be closed
    window      TEXT,                    -- JSON, PauseWindow; NULL when there was none
    detail      TEXT,
    CHECK ((ended_at IS NULL) = (state <> 'ended'))
) STRICT;
CREATE INDEX pause_of_run ON pause (run_id);
CREATE INDEX pause_open ON pause (state) WHERE ended_at IS NULL;

-- Every call of scalar-admin in a pause, in order.
CREATE TABLE pause_call (
    pause_id TEXT NOT NULL REFERENCES pause (id),
    number   INTEGER NOT NULL,           -- from 1, without gaps
    target   TEXT NOT NULL,              -- host:port
    name     TEXT NOT NULL CHECK (name IN ('pause', 'unpause', 'check-paused')),
    sent_us  INTEGER NOT NULL,           -- microseconds since the pause's first call
    took_us  INTEGER NOT NULL,           -- microseconds
    outcome  TEXT NOT NULL,
    PRIMARY KEY (pause_id, number)
) STRICT, WITHOUT ROWID;

-- At most one pause works on a target, whichever applications it belongs to. The row stays.
CREATE TABLE pause_target (
    target         TEXT PRIMARY KEY NOT NULL, -- host:port, in lower case
    pause_id       TEXT REFERENCES pause (id), -- NULL: free
    settling_until INTEGER               -- until then a Pause that was abandoned may still be at work in the target: no other is sent
) STRICT;

-- Who asked for what. Never changed, never deleted.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    who     TEXT NOT NULL,
    what    TEXT NOT NULL,
    target  TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;

PRAGMA application_id = 1097166437; -- "Aene"
PRAGMA user_version = 2;
