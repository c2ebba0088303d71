"""Every query that decides something, named and described. Plain look-ups by id are written where they are used."""

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

CLAIM = """
UPDATE tasks SET state = 'running', owner = :owner, lease_until = :lease_until
WHERE id = (
    SELECT id FROM tasks AS waiting
    WHERE state = 'queued' AND paused = 0 AND not_before <= :now
      AND NOT EXISTS (SELECT 1 FROM tasks AS other WHERE other.state = 'running' AND other.held_by = waiting.held_by)
    ORDER BY priority DESC, job_number, position, rank, segment
    LIMIT 1
)
RETURNING id, job, shot, kind, segment, start, end_exclusive, key
"""
"""The next piece of work: the most urgent job, the oldest of those, its first shot. Work that another task is just doing is
left alone until that is done. Run inside BEGIN IMMEDIATE, so two claims never meet."""

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

LOST = "SELECT * FROM tasks WHERE state = 'running' AND owner IS NOT ? AND (lease_until < ? OR ?)"
"""Work whose server is gone: its lease ran out, or (last parameter) nobody else can be there."""

NEXT_WAKE = "SELECT min(not_before) FROM tasks WHERE state = 'queued' AND paused = 0 AND not_before > ?"
"""When a task that waits after a failure may be tried again."""

AHEAD = """
SELECT count(*) FROM (
    SELECT 1 FROM tasks INDEXED BY claimable
    WHERE state = 'queued' AND paused = 0 AND (priority > :priority OR (priority = :priority AND job_number < :number))
    LIMIT :most
)
"""
"""Pieces of work that come before those of a job, counted up to a limit."""

COUNTS = "SELECT state, count(*), sum(frames_done), sum(frames_total), count(frames_total) FROM shots WHERE job = ? GROUP BY state"
"""What the shots of a job add up to; answered from an index alone."""

NEW_TASK = """
INSERT INTO tasks (
    job, shot, kind, segment, start, end_exclusive, key, held_by, state, reused, paused, priority, job_number, position, rank
)
SELECT shots.job, shots.id, :kind, :segment, :start, :end_exclusive, :key, :held_by, :state, :reused,
       jobs.state = 'paused', jobs.priority, jobs.number, shots.position, :rank
FROM shots JOIN jobs ON jobs.id = shots.job WHERE shots.id = :shot
"""
"""One piece of work of a shot, with its job's place in the queue."""

NEW_PLANS = """
INSERT INTO tasks (job, shot, kind, held_by, state, priority, job_number, position, rank)
SELECT shots.job, shots.id, 'plan', 'video:' || json_extract(shots.shot, '$.video'), 'queued', jobs.priority, jobs.number, position, :rank
FROM shots JOIN jobs ON jobs.id = shots.job WHERE shots.job = :job
"""
"""The plans of all shots of a new job."""

JOBS = """
SELECT * FROM jobs
WHERE (:before IS NULL OR number < :before)
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:project IS NULL OR project = :project)
  AND (:query IS NULL OR name LIKE :query ESCAPE '\\')
ORDER BY number DESC LIMIT :limit
"""
"""A page of jobs, newest first."""

TAKES = """
SELECT * FROM takes
WHERE (:before IS NULL OR number < :before) AND (:job IS NULL OR job = :job) AND (:shot IS NULL OR shot = :shot)
ORDER BY number DESC LIMIT :limit
"""
"""A page of takes, newest first."""

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
