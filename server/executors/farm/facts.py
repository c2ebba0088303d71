"""What a machine is for a farm: its facts, and whether two machines are alike enough to draw one take together."""

from __future__ import annotations

import os
from importlib.metadata import version

from heygem_core.engines.requirements import offered_engines
from heygem_core.machine.cards import cards_here
from heygem_core.messages import Message, tell
from heygem_core.rendering.pieces import SEGMENT_VERSION, codec_versions
from heygem_core.shot import from_json
from heygem_core.storage.cache import Cache
from heygem_core.weights.catalogue import models
from heygem_core.weights.digests import model_digests
from heygem_core.weights.installed import first_installed

from ..base import SlotState
from ..slots import Slot, slots_of
from .lines import NODE, NodeFacts, NodeSetup


def setup_here() -> NodeSetup:
    """What `heygem farm join` said of this machine."""
    return from_json(os.environ[NODE], NodeSetup)


def slots_here(setup: NodeSetup) -> tuple[Slot, ...]:
    """The slots that this machine gives to the farm. Raises: SpecError."""
    return slots_of(setup.devices, setup.workers, cards_here())


def facts_here(setup: NodeSetup | None = None) -> NodeFacts:
    """Of this machine; without a setup it gives no slots. Takes seconds: encoders and models are looked at."""
    cache = Cache(None)
    slots = () if setup is None else slots_here(setup)
    return NodeFacts(
        name="" if setup is None else setup.name,
        version=version("heygem-bridge"),
        segment_version=SEGMENT_VERSION,
        codecs=codec_versions(),
        models={model_id: model_digests([model_id], cache)[0] for model_id in models() if first_installed([model_id]) is not None},
        engines=offered_engines(),
        fetches=setup is not None and setup.server_pass is not None,
        slots=tuple(SlotState(name=slot.name, kind=slot.kind, title=slot.title, memory_bytes=slot.memory_bytes) for slot in slots),
    )


def why_unlike(server: NodeFacts, node: NodeFacts) -> Message | None:
    """Why a node cannot draw parts of this server's takes; None = it can."""
    if server.version != node.version:
        return tell("farm.other-version", node=node.name, theirs=node.version, ours=server.version)
    if server.segment_version != node.segment_version:
        return tell("farm.other-segments", node=node.name, theirs=node.segment_version, ours=server.segment_version)
    if server.codecs != node.codecs:
        theirs, ours = (".".join(map(str, facts.codecs)) for facts in (node, server))
        return tell("farm.other-codecs", node=node.name, theirs=theirs, ours=ours)
    other = sorted(name for name, digest in node.models.items() if server.models.get(name, digest) != digest)
    if other:
        return tell("farm.other-model", node=node.name, model=other[0])
    return None
