"""The database's tables, as numbered steps. A step is never changed once it was shipped: a change is a new step.

jobs 1─n shots 1─n tasks (plan, segments, join: what workers are given) and 1─n attempts (what became of each try).
takes outlive their job: a file that a timeline uses stays known. Times are seconds since 1970; structs are kept as JSON.
"""

from __future__ import annotations

import sqlite3
import time

from ..errors import Broken

_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of arrival
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    priority INTEGER NOT NULL,
    created REAL NOT NULL,
    updated REAL NOT NULL,
    origin TEXT NOT NULL,  -- wire.Origin
    project TEXT,
    folder TEXT NOT NULL,  -- where its takes go
    timeline TEXT,
    settings TEXT NOT NULL,  -- RenderSettings
    submitted_by TEXT,
    shots_total INTEGER NOT NULL,
    shots_done INTEGER NOT NULL DEFAULT 0,
    shots_failed INTEGER NOT NULL DEFAULT 0,
    frames_done INTEGER NOT NULL DEFAULT 0,
    frames_total INTEGER  -- NULL until every shot is planned
);
CREATE INDEX jobs_by_state ON jobs (state, number);

CREATE TABLE shots (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    why TEXT,
    request TEXT NOT NULL,  -- wire.ShotRequest
    shot TEXT NOT NULL,  -- Shot with paths of this machine
    settings TEXT NOT NULL,  -- RenderSettings
    planned TEXT,  -- Planned
    stamp TEXT,  -- sizes and times of the two files when the plan was made
    reused TEXT NOT NULL DEFAULT '{}',  -- wire.Reused
    frames_done INTEGER NOT NULL DEFAULT 0,
    frames_total INTEGER
);
CREATE INDEX shots_of_job ON shots (job, position);
CREATE INDEX counts_of_job ON shots (job, state, frames_done, frames_total);

CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    shot TEXT NOT NULL REFERENCES shots (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('plan', 'segment', 'join')),
    segment INTEGER,  -- position within the take
    start INTEGER,
    end_exclusive INTEGER,
    key TEXT,
    held_by TEXT NOT NULL,  -- two tasks with the same one never run at once, since the second will find the first one's work
    state TEXT NOT NULL,
    paused INTEGER NOT NULL DEFAULT 0,
    reused INTEGER NOT NULL DEFAULT 0,
    priority INTEGER NOT NULL,
    job_number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    rank INTEGER NOT NULL,  -- join before segments before plan
    failures INTEGER NOT NULL DEFAULT 0,
    kills INTEGER NOT NULL DEFAULT 0,  -- killed from outside
    not_before REAL NOT NULL DEFAULT 0,
    attempt INTEGER,  -- fencing token of the running attempt
    owner TEXT,
    lease_until REAL
);
CREATE INDEX tasks_of_shot ON tasks (shot, kind, segment);
CREATE INDEX tasks_of_job ON tasks (job);
CREATE INDEX claimable ON tasks (priority DESC, job_number, position, rank, segment) WHERE state = 'queued' AND paused = 0;
CREATE INDEX running ON tasks (held_by) WHERE state = 'running';

CREATE TABLE attempts (
    token INTEGER PRIMARY KEY AUTOINCREMENT,
    shot TEXT NOT NULL REFERENCES shots (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    segment INTEGER,
    number INTEGER NOT NULL,
    frames INTEGER,
    started REAL NOT NULL,
    ended REAL,
    outcome TEXT NOT NULL DEFAULT 'running',
    reason TEXT
);
CREATE INDEX attempts_of_shot ON attempts (shot, token);

CREATE TABLE intents (  -- a take that is about to get its name; what is found here after a crash is finished or undone
    shot TEXT PRIMARY KEY REFERENCES shots (id) ON DELETE CASCADE,
    staged TEXT NOT NULL,
    take TEXT NOT NULL  -- wire.TakeView, with path and sha256
) WITHOUT ROWID;

CREATE TABLE takes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    job TEXT NOT NULL,
    shot TEXT NOT NULL,
    path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    created REAL NOT NULL,
    pinned INTEGER NOT NULL DEFAULT 0,
    missing INTEGER NOT NULL DEFAULT 0,
    view TEXT NOT NULL  -- wire.TakeView as it was recorded
);
CREATE INDEX takes_of_shot ON takes (shot, number);
CREATE INDEX takes_of_job ON takes (job, number);

CREATE TABLE placements (
    number INTEGER PRIMARY KEY,
    take TEXT NOT NULL REFERENCES takes (id) ON DELETE CASCADE,
    placed TEXT NOT NULL  -- wire.Placed
);
CREATE INDEX placements_of_take ON placements (take, number);

CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, body TEXT NOT NULL);

CREATE TABLE idempotency (key TEXT PRIMARY KEY, digest TEXT NOT NULL, job TEXT NOT NULL, created REAL NOT NULL) WITHOUT ROWID;
"""

_CODES = """
ALTER TABLE shots ADD COLUMN why_message TEXT;  -- messages.Message of `why`; NULL = none, or one of before there were codes
ALTER TABLE attempts ADD COLUMN reason_message TEXT;  -- that of `reason`
"""

_TRASH = """
CREATE TABLE trash (  -- takes that were deleted, until their delay is over: their rows as they were
    take TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    job TEXT NOT NULL,
    shot TEXT NOT NULL,
    path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    created REAL NOT NULL,
    pinned INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    view TEXT NOT NULL,
    placed TEXT NOT NULL,  -- a list of wire.Placed, each as text
    deleted REAL NOT NULL,
    moved INTEGER NOT NULL DEFAULT 0  -- its files have followed
) WITHOUT ROWID;

CREATE TABLE written (  -- files that this server wrote for takes, also for those in the trash: no other may be deleted
    take TEXT NOT NULL,
    path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    modified_ns INTEGER,  -- its time then; NULL = not known
    PRIMARY KEY (take, path)
) WITHOUT ROWID;

ALTER TABLE takes ADD COLUMN restored REAL;  -- when it came back from the trash; NULL = it never was there
"""

_PLACES = """
ALTER TABLE jobs ADD COLUMN place REAL;  -- among jobs of its priority; NULL = by arrival, which is its number
ALTER TABLE tasks RENAME COLUMN job_number TO place;  -- that of its job
"""

_DEVICES = """
ALTER TABLE shots ADD COLUMN lane TEXT;  -- which devices it waits for: 'card', 'cuda', 'mps' or 'cpu'; NULL = any
ALTER TABLE shots ADD COLUMN device TEXT;  -- that its plan is made for; NULL = not planned
ALTER TABLE attempts ADD COLUMN slot TEXT;  -- where it ran; NULL = nowhere yet, or one of before this was written down
"""

_ROOMS = """
ALTER TABLE tasks ADD COLUMN lane TEXT;  -- of its shot: which devices it waits for; NULL = any, as for joins
UPDATE tasks SET lane = (SELECT COALESCE(shots.lane, shots.device) FROM shots WHERE shots.id = tasks.shot) WHERE kind != 'join';
CREATE INDEX claimable_by_room ON tasks (kind, lane, priority DESC, place, position, rank, segment) WHERE state = 'queued' AND paused = 0;
CREATE INDEX attempts_of_piece ON attempts (shot, kind, segment);
CREATE INDEX delayed ON tasks (not_before) WHERE state = 'queued' AND paused = 0 AND not_before > 0;
"""

MIGRATIONS: tuple[tuple[int, str, str], ...] = (
    (1, "jobs, takes and events", _FIRST),
    (2, "the codes of reasons", _CODES),
    (3, "the trash, and which files are ours", _TRASH),
    (4, "places in the queue", _PLACES),
    (5, "devices", _DEVICES),
    (6, "work by the room that it needs", _ROOMS),
)
"""(number, what it brings, statements)."""


def migrate(connection: sqlite3.Connection, migrations: tuple[tuple[int, str, str], ...] = MIGRATIONS) -> int:
    """Applies the steps that are missing, each committed together with its record; returns the newest number.

    Raises: Broken — the database was written by a newer version.
    """
    connection.execute("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, what TEXT NOT NULL, at REAL NOT NULL)")
    done = {number for (number,) in connection.execute("SELECT number FROM migrations")}
    newest = max((number for number, _, _ in migrations), default=0)
    if done and max(done) > newest:
        raise Broken("database.newer", step=max(done), known=newest)
    for number, what, statements in migrations:
        if number in done:
            continue
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in _split(statements):
                connection.execute(statement)
            connection.execute("INSERT INTO migrations VALUES (?, ?, ?)", (number, what, time.time()))
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    return newest


def is_older(connection: sqlite3.Connection, migrations: tuple[tuple[int, str, str], ...] = MIGRATIONS) -> bool:
    """Whether an earlier version made it and steps are missing; a new file is not older."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone():
        return False
    done = {number for (number,) in connection.execute("SELECT number FROM migrations")}
    return bool(done) and any(number not in done for number, _, _ in migrations)


def _split(statements: str) -> list[str]:
    """Single statements: `executescript` would commit on its own."""
    found, rest = [], ""
    for line in statements.splitlines():
        rest += line + "\n"
        if sqlite3.complete_statement(rest):
            found.append(rest)
            rest = ""
    return found
