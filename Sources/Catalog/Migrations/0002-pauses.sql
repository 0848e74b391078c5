-- Pauses of applications, and runs without a cluster. A CHECK cannot be altered, so the table of runs is made anew under its own name.
CREATE TABLE run_before AS SELECT * FROM run;
DROP TABLE run;
CREATE TABLE run (
    id         TEXT PRIMARY KEY NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('backup', 'verify', 'restoreNode', 'restoreCluster', 'pause')),
    cluster_id TEXT REFERENCES cluster (id),
    state      TEXT NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'partlyFailed', 'interrupted', 'cancelled')),
    request    TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    failure    TEXT,
    backup_id  TEXT,
    restore_id TEXT,
    CHECK ((ended_at IS NULL) = (state IN ('running', 'interrupted'))),
    CHECK (kind = 'pause' OR cluster_id IS NOT NULL)
) STRICT;
INSERT INTO run (id, kind, cluster_id, state, request, started_at, ended_at, failure, backup_id, restore_id)
    SELECT id, kind, cluster_id, state, request, started_at, ended_at, failure, backup_id, restore_id FROM run_before;
DROP TABLE run_before;
CREATE INDEX run_of_cluster ON run (cluster_id, started_at);
CREATE INDEX run_unfinished ON run (state) WHERE ended_at IS NULL;

CREATE TABLE application (
    name       TEXT PRIMARY KEY NOT NULL,
    settings   TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE pause (
    id          TEXT PRIMARY KEY NOT NULL,
    run_id      TEXT NOT NULL REFERENCES run (id),
    application TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('intended', 'paused', 'ended', 'unconfirmed')),
    access      TEXT NOT NULL,
    intended_at INTEGER NOT NULL,
    deadline_at INTEGER NOT NULL,
    window_at   INTEGER,
    ended_at    INTEGER,
    window      TEXT,
    detail      TEXT,
    CHECK ((ended_at IS NULL) = (state <> 'ended'))
) STRICT;
CREATE INDEX pause_of_run ON pause (run_id);
CREATE INDEX pause_open ON pause (state) WHERE ended_at IS NULL;

CREATE TABLE pause_call (
    pause_id TEXT NOT NULL REFERENCES pause (id),
    number   INTEGER NOT NULL,
    target   TEXT NOT NULL,
    name     TEXT NOT NULL CHECK (name IN ('pause', 'unpause', 'check-paused')),
    sent_us  INTEGER NOT NULL,
    took_us  INTEGER NOT NULL,
    outcome  TEXT NOT NULL,
    PRIMARY KEY (pause_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE pause_target (
    target         TEXT PRIMARY KEY NOT NULL,
    pause_id       TEXT REFERENCES pause (id),
    settling_until INTEGER
) STRICT;
