"""Every query and change of the database, named and described. Statements are put together elsewhere only where a list of marks varies."""

from __future__ import annotations

SHOT_AND_SETTINGS = "SELECT shot, settings FROM shots WHERE id = ?"
"""What a shot is rendered from, and how."""

FOLDERS = "SELECT DISTINCT folder FROM jobs"
"""Where the takes of all jobs go."""

UNFINISHED = "SELECT id FROM jobs WHERE state NOT IN ('completed', 'failed', 'canceled')"
"""The jobs that have not ended."""

BY_STATE = {table: f"SELECT state, COUNT(*) FROM {table} GROUP BY state" for table in ("jobs", "shots", "tasks")}
"""How many of each state, for the figures of the server."""

TAKEN = "SELECT COUNT(*), COALESCE(SUM(json_extract(view, '$.frames')), 0) FROM takes"
"""How many takes are known, and their frames together."""

NEXT_PIECE = """
SELECT tasks.* FROM json_each(:rooms) AS room JOIN tasks ON tasks.id = (
    SELECT id FROM tasks AS waiting INDEXED BY claimable_by_room
    WHERE state = 'queued' AND paused = 0 AND kind = json_extract(room.value, '$[0]') AND lane IS json_extract(room.value, '$[1]')
      AND not_before <= :now
      AND NOT EXISTS (SELECT 1 FROM tasks AS other WHERE other.state = 'running' AND other.held_by = waiting.held_by)
    ORDER BY priority DESC, place, position, rank, segment
    LIMIT 1
)
ORDER BY priority DESC, place, position, rank, segment
LIMIT 1
"""
"""The next piece of work: the most urgent job, the oldest of those, its first shot. Work that another task is just doing is
left alone until that is done. :rooms is a JSON list of the kinds and lanes of which there may be more; of each only the first is looked
at, so that what waits for a room that is full costs nothing."""

CLAIM = "UPDATE tasks SET state = 'running', owner = :owner, lease_until = :lease_until WHERE id = :id"
"""A piece of work is in somebody's hands. Run with NEXT_PIECE inside BEGIN IMMEDIATE, so two claims never meet."""

BEGIN_ATTEMPT = """
INSERT INTO attempts (shot, kind, segment, number, frames, started)
SELECT :shot, :kind, :segment,
       1 + (SELECT count(*) FROM attempts WHERE shot = :shot AND kind = :kind AND segment IS :segment), :frames, :now
RETURNING token, number
"""
"""A new attempt; its token is greater than that of every attempt before."""

MINE = "SELECT * FROM tasks WHERE attempt = ? AND state = 'running'"
"""The task of a running attempt: nothing once it was called off or taken over."""

HEARTBEAT = "UPDATE tasks SET lease_until = ? WHERE attempt = ? AND state = 'running' AND owner = ?"
"""One more lease."""

LOST = """
SELECT * FROM tasks
WHERE state = 'running' AND (
    (owner IS NOT :owner AND (lease_until < :now OR :everything))
    OR (owner IS :owner AND :holding IS NOT NULL AND attempt NOT IN (SELECT value FROM json_each(:holding)))
)
"""
"""Work whose server is gone: its lease ran out, or (:everything) nobody else can be there. And the owner's own that it is not doing:
:holding is what it does (tokens, JSON); NULL = not looked at."""

SHORTEN_WAITS = "UPDATE tasks SET not_before = :latest WHERE state = 'queued' AND not_before > :latest"
"""No wait outlasts the longest there is, whatever the clock said when it began."""

NEXT_WAKE = """
SELECT min(not_before) FROM tasks INDEXED BY delayed WHERE state = 'queued' AND paused = 0 AND not_before > 0 AND not_before > ?
"""
"""When a task that waits after a failure may be tried again."""

AHEAD = """
SELECT count(*) FROM (
    SELECT 1 FROM tasks INDEXED BY claimable
    WHERE state = 'queued' AND paused = 0 AND (priority > :priority OR (priority = :priority AND place < :place))
    LIMIT :most
)
"""
"""Pieces of work that come before those of a job, counted up to a limit."""

COUNTS = "SELECT state, count(*), sum(frames_done), sum(frames_total), count(frames_total) FROM shots WHERE job = ? GROUP BY state"
"""What the shots of a job add up to; answered from an index alone."""

NEW_TASK = """
INSERT INTO tasks (
    job, shot, kind, lane, segment, start, end_exclusive, key, held_by, state, reused, paused, priority, place, position, rank
)
SELECT shots.job, shots.id, :kind, CASE WHEN :kind != 'join' THEN COALESCE(shots.lane, shots.device) END,
       :segment, :start, :end_exclusive, :key, :held_by, :state, :reused,
       jobs.state = 'paused', jobs.priority, COALESCE(jobs.place, jobs.number), shots.position, :rank
FROM shots JOIN jobs ON jobs.id = shots.job WHERE shots.id = :shot
"""
"""One piece of work of a shot, with its job's place in the queue."""

NEW_PLANS = """
INSERT INTO tasks (job, shot, kind, lane, held_by, state, priority, place, position, rank)
SELECT shots.job, shots.id, 'plan', shots.lane, 'video:' || json_extract(shots.shot, '$.video'), 'queued', jobs.priority,
       COALESCE(jobs.place, jobs.number), position, :rank
FROM shots JOIN jobs ON jobs.id = shots.job WHERE shots.job = :job
"""
"""The plans of all shots of a new job."""

JOBS = """
SELECT * FROM jobs
WHERE (:before IS NULL OR number < :before)
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:project IS NULL OR project = :project)
  AND (:query IS NULL OR name LIKE :query ESCAPE '\\' OR day(created) LIKE :query ESCAPE '\\' OR EXISTS (
    SELECT 1 FROM shots WHERE shots.job = jobs.id AND (
        shots.name LIKE :query ESCAPE '\\'
        OR file_name(json_extract(shots.shot, '$.video')) LIKE :query ESCAPE '\\'
        OR file_name(json_extract(shots.shot, '$.speech')) LIKE :query ESCAPE '\\'
    )
  ))
ORDER BY number DESC LIMIT :limit
"""
"""A page of jobs, newest first. :query is a pattern for the name, the day (2026-11-30), a shot's name, or a file that a shot is made of."""

TAKES = """
SELECT takes.* FROM takes LEFT JOIN jobs ON jobs.id = takes.job LEFT JOIN shots ON shots.id = takes.shot
WHERE (:before IS NULL OR takes.number < :before) AND (:job IS NULL OR takes.job = :job) AND (:shot IS NULL OR takes.shot = :shot)
  AND (:same_video IS NULL OR json_extract(takes.view, '$.source') = (
    SELECT json_extract(view, '$.source') FROM takes WHERE id = :same_video
  ))
  AND (
    :query IS NULL OR json_extract(takes.view, '$.name') LIKE :query ESCAPE '\\' OR jobs.name LIKE :query ESCAPE '\\'
    OR day(takes.created) LIKE :query ESCAPE '\\'
    OR file_name(json_extract(shots.shot, '$.video')) LIKE :query ESCAPE '\\'
    OR file_name(json_extract(shots.shot, '$.speech')) LIKE :query ESCAPE '\\'
  )
ORDER BY takes.number DESC LIMIT :limit
"""
"""A page of takes, newest first. :query as for jobs; :same_video is a take whose video the others are of, too."""

SPEED = """
SELECT sum(frames), sum(ended - started) FROM (
    SELECT frames, ended, started FROM attempts WHERE outcome = 'done' AND kind = 'segment' AND frames > 0 ORDER BY token DESC LIMIT 50
)
"""
"""Frames and worker seconds of the newest segments."""

SIZE = """
SELECT sum(size_bytes), sum(json_extract(view, '$.frames')) FROM (
    SELECT size_bytes, view FROM takes WHERE :format IS NULL OR json_extract(view, '$.settings.format') = :format
    ORDER BY number DESC LIMIT 50
)
"""
"""Bytes and frames of the newest takes of a format."""

# --- single rows ------------------------------------------------------------------------------------------------------

SUM_UP_JOB = "UPDATE jobs SET state = ?, updated = ?, shots_done = ?, shots_failed = ?, frames_done = ?, frames_total = ? WHERE id = ?"
"""What its shots add up to is written into a job's row."""

RECORD_EVENT = "INSERT INTO events VALUES (?, ?, ?)"
"""One more event, with the number it got."""

BEGIN_EPOCH = "INSERT OR IGNORE INTO meta VALUES ('epoch', ?)"
"""Event numbers begin anew with a new database: this word tells one from another."""

NEWEST_EVENT = "SELECT seq FROM sqlite_sequence WHERE name = 'events'"
"""Number of the newest event, also where it was pruned."""

JOB_STATE = "SELECT name, state FROM jobs WHERE id = ?"
"""What a job is called and how it stands."""

EPOCH = "SELECT value FROM meta WHERE key = 'epoch'"
"""Changes whenever event numbers start anew."""

FORGET_OLD_KEYS = "DELETE FROM idempotency WHERE created < ?"
"""Keys of requests that nobody repeats any more."""

PRUNE_EVENTS = "DELETE FROM events WHERE seq <= ?"
"""Events up to a number go."""

EVENTS_AFTER = "SELECT body FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
"""Events after a number, oldest first."""

REQUEUE_TASK = "UPDATE tasks SET state = 'queued', attempt = NULL, owner = NULL WHERE id = ?"
"""A piece of work waits again."""

PLACE_ATTEMPT = "UPDATE attempts SET slot = ? WHERE token = ?"
"""Where an attempt runs."""

END_ATTEMPT = "UPDATE attempts SET ended = ?, outcome = ?, reason = ?, reason_message = ? WHERE token = ?"
"""An attempt is over, and how it ended."""

SET_SHOT = "UPDATE shots SET state = ?, why = ?, why_message = ? WHERE id = ?"
"""A shot's state, and the reason that people read."""

END_TASKS_OF_SHOT = "UPDATE tasks SET state = ? WHERE shot = ? AND state IN ('queued', 'running')"
"""All open work of a shot ends."""

CANCEL_TASKS_OF_JOB = "UPDATE tasks SET state = 'canceled' WHERE job = ? AND state IN ('queued', 'running')"
"""All open work of a job is called off."""

FORGET_TASKS = "DELETE FROM tasks WHERE shot = ?"
"""A shot has no work any more."""

RESET_SHOT = (
    "UPDATE shots SET frames_done = 0, frames_total = NULL, planned = NULL, stamp = NULL, reused = '{}', device = NULL WHERE id = ?"
)
"""A shot begins from nothing."""

NEW_JOB = """
INSERT INTO jobs (id, name, state, priority, created, updated, origin, project, folder, timeline, settings, submitted_by,
shots_total) VALUES (?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
"""A job that was just submitted."""

NEW_SHOT = "INSERT INTO shots (id, job, position, name, state, request, shot, settings, lane) VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?)"
"""A shot of a job that was just submitted."""

RESUME_JOB = "UPDATE jobs SET state = 'active' WHERE id = ?"
"""A paused job goes on."""

RESUME_TASKS = "UPDATE tasks SET paused = 0 WHERE job = ?"
"""Its work may be claimed again."""

SET_JOB_PRIORITY = "UPDATE jobs SET priority = ? WHERE id = ?"
"""How urgent a job is."""

SET_TASK_PRIORITY = "UPDATE tasks SET priority = ? WHERE job = ?"
"""Its work is as urgent as the job."""

QUEUE = """
SELECT id, priority, COALESCE(place, number) AS place FROM jobs
WHERE state NOT IN ('completed', 'failed', 'canceled') ORDER BY priority DESC, place, number
"""
"""The jobs that have not ended, in the order in which they are done."""

SET_JOB_PLACE = "UPDATE jobs SET priority = ?, place = ? WHERE id = ?"
"""Where a job stands in the queue."""

SET_TASK_PLACE = "UPDATE tasks SET priority = ?, place = ? WHERE job = ?"
"""Its work stands there too."""

DELETE_JOB = "DELETE FROM jobs WHERE id = ?"
"""A job and, by its foreign keys, its shots and their work."""

FORGET_KEY_OF_JOB = "DELETE FROM idempotency WHERE job = ?"
"""A deleted job is made again by the request that made it."""

SHOT_STATE = "SELECT job, name, state FROM shots WHERE id = ?"
"""What a shot is called, whose it is and how it stands."""

RUNNING_OF_SHOT = "SELECT * FROM tasks WHERE shot = ? AND state = 'running'"
"""The work of a shot that is being done."""

JOB_OF_KEY = "SELECT digest, job FROM idempotency WHERE key = ?"
"""The job that a request with this key made, and what it asked for."""

CANCEL_JOB = "UPDATE jobs SET state = 'canceled' WHERE id = ?"
"""A job is called off."""

SET_JOB = "UPDATE jobs SET state = ? WHERE id = ?"
"""A job's state."""

PAUSE_TASKS = "UPDATE tasks SET paused = 1 WHERE job = ?"
"""The work of a job is left alone until it goes on."""

SET_SHOT_SETTINGS = "UPDATE shots SET settings = ?, request = ?, lane = ? WHERE id = ?"
"""A shot is rendered in another way from now on."""

REMEMBER_KEY = "INSERT INTO idempotency VALUES (?, ?, ?, ?)"
"""The job that a request with this key made."""

SHOT = "SELECT * FROM shots WHERE id = ?"
"""One shot."""

TAKES_OF_JOB = "SELECT id, path FROM takes WHERE job = ?"
"""The takes of a job and their files."""

DELETE_TAKE = "DELETE FROM takes WHERE id = ?"
"""A take is forgotten."""

KNOWS_JOB = "SELECT 1 FROM jobs WHERE id = ?"
"""One row where the job exists."""

KNOWS_SHOT = "SELECT 1 FROM shots WHERE id = ?"
"""One row where the shot exists."""

RUNNING_OF_JOB = "SELECT * FROM tasks WHERE job = ? AND state = 'running'"
"""The work of a job that is being done."""

PLACEMENTS = "SELECT placed FROM placements WHERE take = ? ORDER BY number"
"""Where a take lies on timelines."""

SET_MISSING = "UPDATE takes SET missing = ? WHERE id = ? AND missing != ?"
"""Whether a take's file is gone; no change where that was known."""

SET_PINNED = "UPDATE takes SET pinned = ? WHERE id = ?"
"""Whether retention may touch a take."""

NEW_PLACEMENT = "INSERT INTO placements (take, placed) VALUES (?, ?)"
"""An editor put a take on a timeline."""

PIN_TAKE = "UPDATE takes SET pinned = 1 WHERE id = ?"
"""A take that is on a timeline is kept for good."""

SET_TAKE = "UPDATE takes SET view = ? WHERE id = ?"
"""What is told of a take."""

NUMBERED_PLACEMENTS = "SELECT number, placed FROM placements WHERE take = ?"
"""Where a take lies on timelines, with the rows' numbers."""

DELETE_PLACEMENT = "DELETE FROM placements WHERE number = ?"
"""A take no longer lies there."""

TAKE = "SELECT view FROM takes WHERE id = ?"
"""What is told of a take."""

TAKE_FILES = "SELECT path FROM takes UNION SELECT path FROM trash"
"""The files of all takes, also of those in the trash, which may come back."""

ALL_TAKES = "SELECT * FROM takes ORDER BY number"
"""All takes, oldest first."""

SET_ATTEMPT = "UPDATE tasks SET attempt = ? WHERE id = ?"
"""Which attempt at a piece of work counts."""

SET_TASK = "UPDATE tasks SET state = ? WHERE id = ?"
"""How a piece of work stands."""

NEW_TAKE = "INSERT INTO takes (id, job, shot, path, size_bytes, created, view) VALUES (?, ?, ?, ?, ?, ?, ?)"
"""A take that has got its name."""

FORGET_INTENT = "DELETE FROM intents WHERE shot = ?"
"""A take has got its name, or never will."""

SET_PLANNED = "UPDATE shots SET planned = ?, stamp = ?, reused = ?, frames_total = ?, frames_done = ?, device = ? WHERE id = ?"
"""A shot is planned: its frames and segments are known."""

ADD_FRAMES = "UPDATE shots SET frames_done = frames_done + ?, why = NULL, why_message = NULL WHERE id = ?"
"""Frames of a shot are rendered."""

FORGET_PLAN = "UPDATE shots SET planned = NULL, stamp = NULL, frames_total = NULL, frames_done = 0, device = NULL WHERE id = ?"
"""A shot has to be planned again."""

SET_INTENT = "INSERT OR REPLACE INTO intents VALUES (?, ?, ?)"
"""Which name a take is about to get: after a crash its file is found by it."""

FAIL_TASK = "UPDATE tasks SET state = 'failed' WHERE id = ?"
"""A piece of work is given up."""

FINISH_TASKS_OF_SHOT = "UPDATE tasks SET state = 'done' WHERE shot = ? AND state = 'queued'"
"""Nothing of a shot is left to do."""

JOB_FOLDER = "SELECT name, folder FROM jobs WHERE id = ?"
"""What a job is called and where its takes go."""

MARK_REUSED = "UPDATE tasks SET reused = 1 WHERE id = ?"
"""A segment was there already."""

SET_REUSED = "UPDATE shots SET reused = ? WHERE id = ?"
"""What of a shot was there already."""

RETRY_TASK = "UPDATE tasks SET state = 'queued', attempt = NULL, owner = NULL, failures = ?, kills = ?, not_before = ? WHERE id = ?"
"""A piece of work waits for another try, counted and not before a time."""

BEGIN_JOINING = "UPDATE shots SET state = 'joining' WHERE id = ?"
"""All segments of a shot are there."""

STATE_OF_SHOT = "SELECT state FROM shots WHERE id = ?"
"""How a shot stands."""

INTENTS = "SELECT * FROM intents"
"""All takes that were about to get their name."""

PLACE_IN_QUEUE = "SELECT priority, COALESCE(place, number) AS place FROM jobs WHERE id = ?"
"""What decides when a job's work is claimed."""

SOURCE_OF_SHOT = "SELECT shot FROM shots WHERE id = ?"
"""What a shot is rendered from."""

REUSED = "SELECT reused FROM shots WHERE id = ?"
"""What of a shot was there already."""

# --- the trash --------------------------------------------------------------------------------------------------------

TRASH_TAKE = """
INSERT INTO trash (take, number, job, shot, path, size_bytes, created, pinned, missing, view, placed, deleted)
SELECT id, number, job, shot, path, size_bytes, created, pinned, missing, view, :placed, :now FROM takes WHERE id = :take
"""
"""A take goes into the trash as it is."""

RESTORE_TAKE = """
INSERT INTO takes (number, id, job, shot, path, size_bytes, created, pinned, missing, view, restored)
VALUES (:number, :take, :job, :shot, :path, :size_bytes, :created, :pinned, 0, :view, :restored)
"""
"""A take comes back from the trash."""

TRASH = "SELECT * FROM trash ORDER BY deleted DESC"
"""All takes in the trash, what was deleted last first."""

TRASHED = "SELECT * FROM trash WHERE take = ?"
"""One take in the trash."""

NOT_MOVED = "SELECT take FROM trash WHERE moved = 0 ORDER BY deleted DESC"
"""Takes in the trash whose files have not followed."""

SET_MOVED = "UPDATE trash SET moved = 1 WHERE take = ?"
"""The files of a take have followed it into the trash."""

FORGET_TRASHED = "DELETE FROM trash WHERE take = ?"
"""A take is not in the trash any more."""

RESTORED = "SELECT id, restored FROM takes WHERE restored IS NOT NULL"
"""Takes that came back from the trash, and when."""

FILES = "SELECT * FROM written WHERE take = ? ORDER BY path"
"""The files that were written for a take."""

KEEP_FILE = "INSERT OR REPLACE INTO written VALUES (:take, :path, :size_bytes, :sha256, :modified_ns)"
"""A file that was written for a take, as it is now."""

FORGET_FILES = "DELETE FROM written WHERE take = ?"
"""Nothing lies beside a take any more."""

# --- the clock --------------------------------------------------------------------------------------------------------

REMEMBER = "INSERT OR REPLACE INTO meta VALUES (?, ?)"
"""A word that outlives the process."""

RECALL = "SELECT value FROM meta WHERE key = ?"
"""What was remembered under a name."""

NEWEST_TIME = "SELECT max(at) FROM events"
"""When the newest of the recorded events happened."""
