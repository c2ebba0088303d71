"""Models that do not come with the program: which are here, and to put them here or take them away. That is for whoever administers this
server: its own token, or a page that is open on its own machine."""

from __future__ import annotations

import asyncio

from heygem_core.errors import LicenceNotAccepted, MissingWeights
from heygem_core.weights import catalogue, folders, licences, standing, store

from ..errors import Conflict, Forbidden, NotFound
from ..http import app_keys
from ..http.routes import PEOPLE, RequestContext, Route
from ..security.auth_rate_limit import is_loopback
from ..wire import ModelFetchRequest, ModelsView, ModelView


async def list_models(context: RequestContext) -> ModelsView:
    fetches = context[app_keys.MODEL_FETCHES]
    found = await asyncio.to_thread(standing.standings)
    return ModelsView(
        models=tuple(ModelView(standing=each, fetch=fetches.of(each.id)) for each in found),
        folder=str(folders.models_folder()),
        may_change=_may_change(context),
    )


async def fetch(context: RequestContext, body: ModelFetchRequest) -> ModelView:
    _check_may_change(context)
    entry = catalogue.model(context.id)
    if not body.accept_licence and not await asyncio.to_thread(licences.is_accepted, entry):
        raise LicenceNotAccepted("weights.accept-first", title=entry.title, terms=licences.terms_of(entry), command=entry.command)
    context[app_keys.MODEL_FETCHES].start(entry.id, accept_licence=body.accept_licence)
    return await _view(context)


async def stop(context: RequestContext) -> ModelView:
    _check_may_change(context)
    await context[app_keys.MODEL_FETCHES].stop(catalogue.model(context.id).id)
    return await _view(context)


async def remove(context: RequestContext) -> ModelView:
    _check_may_change(context)
    now = context[app_keys.MODEL_FETCHES].of(catalogue.model(context.id).id)
    if now is not None and now.step != "failed":
        raise Conflict("models.is-fetched")
    try:
        await asyncio.to_thread(store.remove, context.id)
    except MissingWeights as error:  # for a render that is a lack of this machine, here it is a wrong address
        raise NotFound(error.said) from error
    return await _view(context)


async def _view(context: RequestContext) -> ModelView:
    entry = catalogue.model(context.id)
    found = await asyncio.to_thread(standing.standing, entry)
    return ModelView(standing=found, fetch=context[app_keys.MODEL_FETCHES].of(entry.id))


def _may_change(context: RequestContext) -> bool:
    return context.who.scope == "admin" or (context.who.scope == "page" and is_loopback(context.request.remote))


def _check_may_change(context: RequestContext) -> None:
    """Raises: Forbidden."""
    if not _may_change(context):
        raise Forbidden("models.not-yours")


ROUTES = (
    Route(method="GET", path="/api/v1/models", summary="Models that do not come with the program: their terms, and which are here.",
          handler=list_models, response=ModelsView),
    Route(method="POST", path="/api/v1/models/{id}/fetch", summary="Fetch a model; the list tells how far it is.",
          handler=fetch, scopes=PEOPLE, body=ModelFetchRequest, response=ModelView, status=202),
    Route(method="DELETE", path="/api/v1/models/{id}/fetch", summary="Stop fetching a model; what came is kept.",
          handler=stop, scopes=PEOPLE, response=ModelView),
    Route(method="DELETE", path="/api/v1/models/{id}", summary="Delete an installed model.",
          handler=remove, scopes=PEOPLE, response=ModelView),
)  # fmt: skip
