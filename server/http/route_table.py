"""All routes of the server, one module per thing served."""

from __future__ import annotations

from ..api import (
    editors,
    events,
    exports,
    farm,
    files,
    hosts,
    info,
    jobs,
    media,
    messages,
    models,
    pages,
    placement,
    presets,
    publishing,
    session,
    standing,
    takes,
    timelines,
    uploads,
    votes,
)
from .routes import Route

ROUTES: tuple[Route, ...] = (
    *pages.ROUTES,
    *session.ROUTES,
    *info.ROUTES,
    *messages.ROUTES,
    *models.ROUTES,
    *editors.ROUTES,
    *standing.ROUTES,
    *presets.ROUTES,
    *votes.ROUTES,
    *jobs.ROUTES,
    *takes.ROUTES,
    *placement.ROUTES,
    *timelines.ROUTES,
    *publishing.ROUTES,
    *uploads.ROUTES,
    *media.ROUTES,
    *files.ROUTES,
    *farm.ROUTES,
    *hosts.ROUTES,
    *exports.ROUTES,
    *events.ROUTES,
)
