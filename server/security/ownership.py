"""What a host's token reaches: the jobs and takes of its own project, nothing else. People and the admin reach everything."""

from __future__ import annotations

from ..errors import NotFound
from ..wire import JobView, Origin
from .tokens import Grant


def owns(who: Grant, job: JobView) -> bool:
    return who.scope != "host" or (job.origin.host, job.origin.project) == (who.host, who.project)


def check_owns(who: Grant, job: JobView) -> JobView:
    """The job itself. Raises: NotFound — for a stranger it does not exist."""
    if not owns(who, job):
        raise NotFound("job.not-in-project")
    return job


def origin_of(who: Grant, wanted: Origin) -> Origin:
    """Where a job comes from: an editor cannot speak for another one."""
    return Origin(kind="host", host=who.host, project=who.project) if who.scope == "host" else wanted
