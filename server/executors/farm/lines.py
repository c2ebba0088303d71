"""What the server, its bridge and the actors on nodes say to one another: structs with a JSON form, one a line."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from heygem_core.messages import Message
from heygem_core.shot import Failed, Struct
from heygem_core.tasks.specs import Task, TaskResult
from heygem_core.tasks.worker import Beat, Picture, Told

from ..base import Limits, Outcome, SlotState

NODE = "HEYGEM_FARM_NODE"  # variable that holds a NodeSetup, as JSON
NodeState = Literal["joining", "ready", "refused", "aside"]


class NodeSetup(Struct, frozen=True, kw_only=True):
    """What `heygem farm join` was told about its machine; actors find it in the environment."""

    name: str
    devices: tuple[str, ...] = ()  # as the setting of that name
    workers: int = 1
    threads: int = 1  # of each worker
    path_maps: tuple[tuple[str, str], ...] = ()  # folder as the server calls it → as this machine does
    server_pass: str | None = None  # file that opens the server, where storage is not shared: files are fetched then


class NodeFacts(Struct, frozen=True, kw_only=True):
    """What has to be alike for two machines to draw one take, and what a machine can do."""

    name: str
    version: str  # of this program
    segment_version: int
    codecs: tuple[int, ...]  # version of the encoders
    models: dict[str, str] = field(default_factory=dict)  # digests of the models that are installed, by id
    engines: tuple[str, ...] = ()  # that have all they need there
    slots: tuple[SlotState, ...] = ()
    fetches: bool = False  # it does not share the storage


class NodeSeen(Struct, frozen=True, kw_only=True):
    """A node as the bridge sees it."""

    id: str
    address: str
    state: NodeState
    reason: Message | None = None  # why it is refused
    facts: NodeFacts | None = None  # None = it has not answered yet


class Connect(Struct, frozen=True, kw_only=True, tag_field="do", tag="connect"):
    """The first line: where the farm's head is."""

    address: str


class FileOffered(Struct, frozen=True, kw_only=True):
    """A file that a node without the shared storage fetches from the server, while it does the task."""

    path: str  # as the server calls it
    size: int  # bytes
    sha256: str
    of_plan: bool  # else a source


class Give(Struct, frozen=True, kw_only=True, tag_field="do", tag="give"):
    """Do this task in that slot."""

    number: int
    node: str  # its id
    slot: int  # position among the node's slots
    task: Task
    limits: Limits
    files: tuple[FileOffered, ...] = ()  # for a node that fetches


class CallOff(Struct, frozen=True, kw_only=True, tag_field="do", tag="call-off"):
    """Leave the task of that number."""

    number: int


class Nodes(Struct, frozen=True, kw_only=True, tag_field="say", tag="nodes"):
    """All nodes, whenever something about them changed."""

    nodes: tuple[NodeSeen, ...]


class Said(Struct, frozen=True, kw_only=True, tag_field="say", tag="said"):
    """Something that a task told meanwhile, or a sign of life."""

    number: int
    line: Told | Picture | Beat


class FileWritten(Struct, frozen=True, kw_only=True):
    """A file as the node wrote it."""

    path: str  # as the server calls it
    size: int  # bytes
    sha256: str
    upload: str | None = None  # where it was delivered; None = it lies there


class Over(Struct, frozen=True, kw_only=True, tag_field="say", tag="over"):
    """A task is over: done, or with an outcome as of `WorkFailed`."""

    number: int
    answer: TaskResult | None = None
    files: tuple[FileWritten, ...] = ()
    outcome: Outcome | None = None
    reason: Message | None = None
    failed: Failed | None = None


class Trouble(Struct, frozen=True, kw_only=True, tag_field="say", tag="trouble"):
    """The farm cannot be reached."""

    reason: Message


ToBridge = Connect | Give | CallOff
FromBridge = Nodes | Said | Over | Trouble
