"""What travels between the server and everybody who talks to it: the page, panels, scripts. The API document is generated from here.

Frames on a timeline ("record" frames) count from 0 at the sequence's first frame, whatever timecode that frame carries.
Times are seconds since 1970. A message over the socket has a `type`; JSON-RPC 2.0 requests to hosts travel on the same socket.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from heygem_core.errors import SpecError
from heygem_core.messages import Message
from heygem_core.options import option
from heygem_core.registry import names_of
from heygem_core.shot import RenderSettings, Stage, Struct
from heygem_core.weights.standing import Standing

# --- who and what ---------------------------------------------------------------------------------------------------

Scope = Literal["admin", "page", "host"]
"""admin: everything. page: everything a person does in the page. host: its own project's jobs, takes and its own socket."""

LONGEST_NAME = 200
Name = Annotated[str, Meta(max_length=LONGEST_NAME)]
PathText = Annotated[str, Meta(max_length=4096)]
ForeignId = Annotated[str, Meta(max_length=1000)]  # of an editor's things: some editors take paths for that

Priority = Annotated[int, Meta(ge=0, le=100)]
Pairing = Literal["each", "in-order"]
"""each: every speech on every video. in-order: the first speech on the first video, and so on."""


class MediaRef(Struct, frozen=True, kw_only=True):
    """A file: on the server's machine, or uploaded before. Exactly one of the two."""

    path: PathText | None = None  # inside the allowed folders
    upload: Name | None = None  # id

    def __post_init__(self) -> None:
        if (self.path is None) == (self.upload is None):
            raise SpecError("request.path-or-upload")


class Laying(Struct, frozen=True, kw_only=True):
    """How a take is laid above the clip it covers: what the person chose before rendering."""

    mode: Literal["track", "take", "relink"] = "track"
    """On a track above; as one of Resolve's takes of the clip; or on a track above, where a later version replaces the file of the take,
    so that what was done to the take stays."""
    mute: Literal["none", "clip", "track"] = "none"  # the old dialogue
    disable_original: bool = False


class Placement(Struct, frozen=True, kw_only=True):
    """Where a shot sits on a host's timeline, and how its take comes there."""

    project: ForeignId  # the host's id of its project
    sequence: ForeignId  # the host's id of the timeline
    clip: ForeignId | None = None  # the host's id of the clip that the take covers
    track: int  # video track of that clip, from 1 at the bottom
    record_start: int  # frames of `rate`
    record_duration: int
    rate: Fraction  # of the timeline
    handles: int = 0  # frames of the take before the first one that shows
    laying: Laying = Laying()
    baked: bool = False  # the take is made from a file that the editor exported: position, effects and grade are in it already
    brings_speech: bool = False  # its speech came as a file and lies on no track yet


class Origin(Struct, frozen=True, kw_only=True):
    """Where a job came from."""

    kind: Literal["page", "cli", "api", "host"] = "api"
    host: ForeignId | None = None  # id of the host
    project: ForeignId | None = None  # the host's id of its project


# --- jobs -----------------------------------------------------------------------------------------------------------


class ShotRequest(Struct, frozen=True, kw_only=True):
    """One shot of a job; the fields are those of `heygem_core.shot.Shot`."""

    video: MediaRef
    speech: MediaRef
    name: Name | None = None  # None = the video's name
    start: int = 0
    end_exclusive: int | None = None
    speech_start: Fraction = field(default_factory=Fraction)  # 0; a factory, since the schema cannot write a Fraction
    speech_end: Fraction | None = None
    speech_channels: Annotated[tuple[int, ...], Meta(max_length=256)] = ()
    source_channels: Annotated[tuple[int, ...], Meta(max_length=256)] = ()
    speed: Fraction = field(default_factory=lambda: Fraction(1))
    shows: Annotated[tuple[int, ...], Meta(max_length=1_000_000)] = ()
    keep: Annotated[tuple[tuple[int, int], ...], Meta(max_length=10_000)] = ()
    face: int | None = None
    placement: Placement | None = None
    settings: RenderSettings | None = None  # None = the job's


class Batch(Struct, frozen=True, kw_only=True):
    """Many shots at once, whole files."""

    videos: tuple[MediaRef, ...]
    speeches: tuple[MediaRef, ...]
    pairing: Pairing = "each"

    def __post_init__(self) -> None:
        if not self.videos or not self.speeches:
            raise SpecError("batch.empty")
        if self.pairing == "in-order" and len(self.videos) != len(self.speeches):
            raise SpecError("batch.pairs", speeches=len(self.speeches), videos=len(self.videos))


class JobRequest(Struct, frozen=True, kw_only=True):
    """What somebody submits: shots or a batch, settings, and where the takes go."""

    shots: tuple[ShotRequest, ...] = ()
    batch: Batch | None = None
    settings: RenderSettings = RenderSettings()
    name: Annotated[Name | None, option("what the job is called (default: as the first video)", flag="--name")] = None
    folder: PathText | None = None  # where takes live; None = the folder of the settings
    priority: Annotated[Priority, option("0 to 100, higher goes first", flag="--priority", metavar="N")] = 50
    origin: Origin = Origin()
    timeline: Name | None = None  # id of the timeline that the shots were cut from

    def __post_init__(self) -> None:
        if bool(self.shots) == (self.batch is not None):
            raise SpecError("request.shots-or-batch")


JobState = Literal["queued", "active", "paused", "completed", "failed", "canceled"]
ShotState = Literal["queued", "planning", "rendering", "joining", "done", "failed", "canceled"]
SegmentState = Literal["queued", "running", "done", "failed", "canceled"]


class Reused(Struct, frozen=True, kw_only=True):
    """Work of a shot that had been done before."""

    tracks: bool = False  # the faces had been followed
    speech: bool = False  # the speech had been listened to
    plan: bool = False
    segments: int = 0  # segments that were there already


class AttemptView(Struct, frozen=True, kw_only=True):
    """One try of one task of a shot."""

    number: int  # from 1
    task: Literal["plan", "segment", "join"]
    segment: int | None = None  # position of the segment
    started: float
    ended: float | None = None
    outcome: Literal["running", "done", "failed", "crashed", "killed", "timeout", "memory", "lost", "canceled"] = "running"
    slot: str | None = None  # where it ran: "cuda:0", "cpu/3"; on a farm the node before it. None = nowhere yet
    reason: str | None = None  # a sentence for people
    reason_message: Message | None = None  # the same with its code; None = no reason, or one of before there were codes


class SegmentView(Struct, frozen=True, kw_only=True):
    """One piece of a take."""

    position: int
    start: int
    end_exclusive: int
    state: SegmentState
    reused: bool = False


class WeakRange(Struct, frozen=True, kw_only=True):
    """Frames of a take that deserve a look, end exclusive."""

    start: int
    end_exclusive: int
    reason: str  # in plain words
    reason_message: Message | None = None


class Placed(Struct, frozen=True, kw_only=True):
    """A take on a host's timeline."""

    host: str
    placement: Placement
    at: float


class TakeView(Struct, frozen=True, kw_only=True):
    """One rendered version of a shot."""

    id: str
    job: str
    shot: str
    version: int  # of this shot, from 1
    name: str  # file name
    path: str  # on the server's machine
    size_bytes: int
    sha256: str
    frames: int
    rate: Fraction | None
    width: int
    height: int
    start_timecode: str | None
    format: str
    created: float
    settings: RenderSettings
    source: MediaRef | None = None  # the video, as whoever sent the shot named it; None = a take of before this was kept
    pinned: bool = False  # no retention touches it; set for good when a host placed it
    placed: tuple[Placed, ...] = ()
    weak: tuple[WeakRange, ...] = ()
    notices: tuple[str, ...] = ()
    notice_messages: tuple[Message, ...] = ()  # the same with their codes; empty = of a take of before there were codes
    missing: bool = False  # the file is no longer where it was written


class ShotView(Struct, frozen=True, kw_only=True):
    """A shot as the queue shows it."""

    id: str
    job: str
    position: int
    name: str
    state: ShotState
    why: str | None = None  # why it waits or failed, in a sentence
    why_message: Message | None = None
    stage: Stage | None = None
    frames_done: int = 0
    frames_total: int | None = None
    fps: float | None = None
    eta_s: float | None = None
    request: ShotRequest
    reused: Reused = Reused()
    attempts: tuple[AttemptView, ...] = ()
    segments: tuple[SegmentView, ...] = ()
    takes: tuple[TakeView, ...] = ()


class JobView(Struct, frozen=True, kw_only=True):
    """A job as lists show it."""

    id: str
    name: str
    state: JobState
    why: str | None = None  # why it waits, in a sentence
    why_message: Message | None = None
    priority: int
    place: float = 0.0  # in the queue, among jobs of its priority: the lowest is done first
    created: float
    updated: float
    origin: Origin
    folder: str
    timeline: str | None = None
    settings: RenderSettings
    shots_total: int
    shots_done: int = 0
    shots_failed: int = 0
    frames_done: int = 0
    frames_total: int | None = None
    fps: float | None = None
    eta_s: float | None = None


class JobDetail(Struct, frozen=True, kw_only=True):
    """A job with its shots."""

    job: JobView
    shots: tuple[ShotView, ...]
    next: int | None = None  # where only some shots were asked for: give it as `shots_after`; None = that was all


class JobPage(Struct, frozen=True, kw_only=True):
    """Some jobs, newest first."""

    jobs: tuple[JobView, ...]
    next: str | None = None  # give it as `before` for the next page; None = that was all


class TakePage(Struct, frozen=True, kw_only=True):
    """Some takes, newest first."""

    takes: tuple[TakeView, ...]
    next: str | None = None
    posters: Addresses | None = None  # for a signed-in browser: where the picture of each take is, "" = it has none


class TrashedTake(Struct, frozen=True, kw_only=True):
    """A take that was deleted and can still be put back."""

    take: TakeView  # as it was
    deleted: float
    goes: float | None  # when it is removed for good; None = when somebody empties the trash


class TrashView(Struct, frozen=True, kw_only=True):
    """What is in the trash, what was deleted last first."""

    takes: tuple[TrashedTake, ...]


class TrashEmptied(Struct, frozen=True, kw_only=True):
    """What went for good."""

    takes: int
    freed_bytes: int


class Deletion(Struct, frozen=True, kw_only=True):
    """What goes when a job is deleted, and what stays without `force`."""

    job: str
    files: tuple[str, ...]
    size_bytes: int
    kept: tuple[str, ...] = ()  # takes that a timeline uses


class PriorityRequest(Struct, frozen=True, kw_only=True):
    priority: Priority


class QueueMove(Struct, frozen=True, kw_only=True):
    """A job and where it shall stand."""

    job: str
    before: str | None = None  # the job that then comes after it; it takes that one's priority. None = the end of the queue


class Estimate(Struct, frozen=True, kw_only=True):
    """A guess before the start, from what this machine did before; None = nothing to go by yet."""

    seconds: float | None
    frames: int | None
    disk_bytes: int | None


# --- files ----------------------------------------------------------------------------------------------------------


class UploadView(Struct, frozen=True, kw_only=True):
    """A file that somebody sent."""

    id: str
    name: str  # as the sender called it; shown, never used as a path
    size_bytes: int
    sha256: str
    created: float


FileKind = Literal["folder", "video", "sound", "still", "timeline", "other"]


class FileEntry(Struct, frozen=True, kw_only=True):
    """One line of a folder."""

    name: str
    path: str
    kind: FileKind
    size_bytes: int | None = None
    modified: float | None = None


class Folder(Struct, frozen=True, kw_only=True):
    """An allowed folder, or the list of them where `path` is None."""

    path: str | None
    parent: str | None
    entries: tuple[FileEntry, ...]


class ProxyMade(Struct, frozen=True, kw_only=True):
    """A small version of a file, at /api/v1/media/{id}.mp4."""

    id: str


class RootRequest(Struct, frozen=True, kw_only=True):
    """Consent to read a folder: an answer to the question `ConsentWanted`."""

    folder: PathText


# --- the server itself ----------------------------------------------------------------------------------------------


class DeliverableInfo(Struct, frozen=True, kw_only=True):
    """A format that takes are written in."""

    name: str  # of `RenderSettings.format`
    title: str
    suffixes: tuple[str, ...]  # the first is that of takes the server names
    alpha: bool  # whether its files can be transparent


class TimelineFormatInfo(Struct, frozen=True, kw_only=True):
    """A format of timeline files."""

    name: str
    title: str
    suffixes: tuple[str, ...]
    media_type: str
    reads: bool
    writes: bool


RoomName = Literal["takes", "trash", "uploads", "remade", "cache"]
"""remade: looks at files and segments of takes. cache: what renders keep for each other. Both are made again when they are wanted."""


class Room(Struct, frozen=True, kw_only=True):
    """What a kind of files takes of the disk."""

    name: RoomName
    count: int  # takes, or files
    bytes: int


class VoteRequest(Struct, frozen=True, kw_only=True):
    """Which of two takes somebody found better, in the order in which they were shown."""

    first: str  # id of the take shown as A
    second: str  # of the one shown as B
    choice: Literal["first", "second", "same"]
    voter: Annotated[str, Meta(max_length=100, pattern=r"^[^\r\n]*$")] = ""


class Tally(Struct, frozen=True, kw_only=True):
    """All votes between two takes."""

    first: int
    second: int
    same: int


class RoomRequest(Struct, frozen=True, kw_only=True):
    """Which room to clean."""

    name: Literal["trash", "uploads", "remade", "cache"]


class Cleaned(Struct, frozen=True, kw_only=True):
    """What was freed; what is in use stays."""

    freed_bytes: int


class AllowedFolder(Struct, frozen=True, kw_only=True):
    """A folder that may be read."""

    path: str
    given: bool  # in the page, where it can be taken back; others are those of the settings


class ServerStanding(Struct, frozen=True, kw_only=True):
    """How a server is set up, and what of the disk it uses."""

    version: str
    system: str  # "Linux 6.1 x86_64, Python 3.11.9"
    devices: tuple[str, ...]  # that can draw; none while it is not known yet
    executor: str
    workers: int
    settings_file: str
    data_folder: str
    takes_folder: str
    cache_folder: str
    folders: tuple[AllowedFolder, ...]
    rooms: tuple[Room, ...]
    free_bytes: int
    keep_days: float | None  # None = no limit
    keep_bytes: int | None
    trash_days: float | None


PresetTitle = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^\S(.*\S)?$")]


class Preset(Struct, frozen=True, kw_only=True):
    """Settings that somebody saved under a name."""

    name: PresetTitle
    settings: RenderSettings


class PresetName(Struct, frozen=True, kw_only=True):
    """Which preset is meant."""

    name: PresetTitle


class EditorInfo(Struct, frozen=True, kw_only=True):
    """A kind of editor."""

    name: str  # of `HostHello.app`
    title: str
    short_title: str  # where room is short
    capabilities: tuple[str, ...]  # what editors of the kind can do at most
    settings: dict[str, Any]  # of `RenderSettings`, that takes on its timelines want
    laying: Laying  # how takes are laid until a person chooses otherwise


class SlotView(Struct, frozen=True, kw_only=True):
    """Room for one task at a time, and what is in it."""

    name: str  # "cuda:0", "cpu/3"; on a farm the node before it
    kind: str  # "cuda", "mps" or "cpu"
    title: str = ""  # what the device calls itself
    memory_bytes: int | None = None  # of the device; None = not known, or the machine's own
    task: Literal["plan", "segment", "join"] | None = None  # None = it is free
    job: str | None = None
    shot: str | None = None
    segment: int | None = None  # position


class NodeView(Struct, frozen=True, kw_only=True):
    """Another machine of a farm."""

    name: str
    address: str
    state: Literal["joining", "ready", "refused", "aside"]
    reason: Message | None = None  # why it gets no work
    slots: int = 0


class Info(Struct, frozen=True, kw_only=True):
    """What the server is and allows."""

    version: str
    epoch: str  # changes whenever event numbers start anew
    formats: tuple[str, ...]  # names of `deliverables`
    deliverables: tuple[DeliverableInfo, ...] = ()
    timeline_formats: tuple[TimelineFormatInfo, ...] = ()
    engines: tuple[str, ...]
    trackers: tuple[str, ...] = ()
    devices: tuple[str, ...]
    roots: tuple[str, ...]
    file_kinds: dict[str, FileKind] = field(default_factory=dict)  # what files of a suffix (".mov") are
    takes_folder: str
    largest_upload_bytes: int
    free_bytes: int
    workers: int  # tasks that may run at once
    executor: str = "local"  # what runs them
    executors: tuple[str, ...] = ()  # all that this server could use
    nodes: tuple[NodeView, ...] = ()  # other machines of the farm
    farm_trouble: Message | None = None  # why there is no farm, where the executor has one
    slots: tuple[SlotView, ...] = ()  # where tasks run, and what is in each now
    editors: tuple[EditorInfo, ...] = ()  # kinds of editors that may connect
    scope: Scope


class ModelFetch(Struct, frozen=True, kw_only=True):
    """How far the fetching of a model is."""

    step: Literal["waiting", "downloading", "checking", "converting", "failed"]
    done: int = 0  # bytes
    total: int | None = None  # bytes; None = not known
    problem: Message | None = None  # why it failed


class ModelView(Struct, frozen=True, kw_only=True):
    """A model that does not come with the program."""

    standing: Standing
    fetch: ModelFetch | None = None  # None = it is not being fetched


class ModelsView(Struct, frozen=True, kw_only=True):
    """All of them."""

    models: tuple[ModelView, ...]
    folder: str  # where they are put
    may_change: bool  # whether whoever asks may fetch and remove them


class ModelFetchRequest(Struct, frozen=True, kw_only=True):
    """Asks for a model."""

    accept_licence: bool = False  # whoever asks has read its terms and accepts them


class ServerFile(Struct, frozen=True, kw_only=True):
    """server.json: where the running server is. Readable by its user alone."""

    url: str  # http://127.0.0.1:PORT
    port: int
    pid: int
    token: str  # admin
    version: str
    certificate: str | None = None  # path of the pinned certificate under --lan


class ProofRequest(Struct, frozen=True, kw_only=True):
    """Asks the server to prove that it knows the token, before anybody tells it one."""

    nonce: Annotated[str, Meta(min_length=16, max_length=128)]
    grant: Name | None = None  # what stands before the dot of the token that proves; None = the admin's


class Proof(Struct, frozen=True, kw_only=True):
    """hmac: hex HMAC-SHA256 with the token as key over "heygem-server:" + nonce."""

    hmac: str


class SignIn(Struct, frozen=True, kw_only=True):
    """The one-time code of a sign-in link."""

    code: Name


class SignedIn(Struct, frozen=True, kw_only=True):
    """csrf: the page's word. It goes into the header X-HeyGem-CSRF of everything asked with the cookie, and into the socket's hello."""

    scope: Scope
    csrf: str


_Address = Annotated[str, Meta(max_length=2000, pattern=r"^/api/v1/[!-~]+$")]


class AddressesRequest(Struct, frozen=True, kw_only=True):
    """Paths with their queries, such as “/api/v1/takes/ID/file”."""

    paths: Annotated[tuple[_Address, ...], Meta(max_length=200)]


class Addresses(Struct, frozen=True, kw_only=True):
    """The same paths, signed, in the same order."""

    addresses: tuple[str, ...]
    life_s: float  # they open for at least so long


class TokenRequest(Struct, frozen=True, kw_only=True):
    """A new token for a page or for one host's project."""

    scope: Literal["page", "host"]
    host: ForeignId | None = None  # needed for a host
    project: ForeignId | None = None


class Token(Struct, frozen=True, kw_only=True):
    token: str
    scope: Scope


class Problem(Struct, frozen=True, kw_only=True):
    """Every answer that is not a success. `error` is a class name, `message` one English sentence with the next step.

    `code` and `params` make that sentence in any language: GET /api/v1/messages/{language}.
    """

    error: str
    message: str
    code: str | None = None
    params: dict[str, Any] = field(default_factory=dict)


# --- the socket -----------------------------------------------------------------------------------------------------


_Logs = Annotated[tuple[Name, ...], Meta(max_length=100)]


class HostHello(Struct, frozen=True, kw_only=True):
    """What an editor says about itself."""

    id: ForeignId  # the same for each start of the same editor on the same machine
    app: Annotated[str, Meta(extra_json_schema=names_of("heygem.editors"))]  # a name in `hosts.editors.EDITORS`
    version: Name
    project: ForeignId  # id
    project_name: ForeignId
    capabilities: Annotated[
        tuple[Name, ...], Meta(max_length=200)
    ] = ()  # methods it answers, and what it can do: "place.take", "export.nests" …


class Prove(Struct, frozen=True, kw_only=True, tag_field="type", tag="prove"):
    """Client: prove that you know the token. Answered by `Proven`."""

    nonce: Annotated[str, Meta(min_length=16, max_length=128)]
    grant: Name | None = None  # as in `ProofRequest`


class Hello(Struct, frozen=True, kw_only=True, tag_field="type", tag="hello"):
    """Client: who I am and what I saw last. The first message that does anything."""

    token: Name | None = None  # None = by the cookie of a signed-in page …
    csrf: Name | None = None  # … and its word
    since: int | None = None  # replay the events after this number
    epoch: Name | None = None
    previews: bool = False  # also send pictures of frames being rendered
    logs: _Logs = ()  # jobs whose log lines are wanted
    host: HostHello | None = None


class Follow(Struct, frozen=True, kw_only=True, tag_field="type", tag="follow"):
    """Client: from now on these logs and previews."""

    previews: bool = False
    logs: _Logs = ()


class Proven(Struct, frozen=True, kw_only=True, tag_field="type", tag="proven"):
    hmac: str


class Welcome(Struct, frozen=True, kw_only=True, tag_field="type", tag="welcome"):
    """Server: accepted. What follows is a replay (or a snapshot) and then what happens."""

    epoch: str
    seq: int
    scope: Scope


EventKind = Literal[
    "job.added", "job.changed", "job.deleted", "shot.changed", "take.added", "take.changed", "take.deleted", "server.changed"
]


class Happened(Struct, frozen=True, kw_only=True, tag_field="type", tag="event"):
    """Server: something changed, numbered without gaps; carries the new state of what changed."""

    seq: int
    at: float
    kind: EventKind
    job: JobView | None = None
    shot: ShotView | None = None
    take: TakeView | None = None
    id: str | None = None  # of what was deleted
    message: str | None = None  # server.changed: a sentence ("The disk is full …"), None = all is well again
    code: str | None = None  # of that sentence
    params: dict[str, Any] = field(default_factory=dict)


class Snapshot(Struct, frozen=True, kw_only=True, tag_field="type", tag="snapshot"):
    """Server: events are gone that you have not seen; forget what you know, this is the state at `seq`."""

    epoch: str
    seq: int
    jobs: tuple[JobView, ...]  # unfinished ones and the newest others; pages of the rest are at /api/v1/jobs


class ProgressNow(Struct, frozen=True, kw_only=True, tag_field="type", tag="progress"):
    """Server: how far a shot is; not numbered, at most five a second for a job."""

    job: str
    shot: str
    stage: Stage
    frames_done: int
    frames_total: int | None = None
    fps: float | None = None
    eta_s: float | None = None
    job_frames_done: int = 0
    job_frames_total: int | None = None
    job_eta_s: float | None = None


class LogLine(Struct, frozen=True, kw_only=True, tag_field="type", tag="log"):
    """Server: one line of a job's log. Who begins to follow a log gets its newest lines first, then each one as it is written; the one
    that is written meanwhile may come before them, or twice.
    """

    job: str
    shot: str | None
    at: float
    level: Literal["info", "warning", "error"]
    message: str
    code: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    number: int = 0  # in the log, from 1


class HostView(Struct, frozen=True, kw_only=True):
    """A connected editor."""

    id: str
    app: str
    version: str
    project: str
    project_name: str
    capabilities: tuple[str, ...]
    since: float


class EditorStanding(Struct, frozen=True, kw_only=True):
    """What can be installed beside an editor of this machine, and how that stands."""

    name: str
    title: str
    what: str  # is installed, in words
    state: str  # "installed", "incomplete" (old, or partly there), "not installed", "not possible"
    found: tuple[str, ...]  # versions of the editor on this machine
    command: str  # that installs it
    next_step: str | None  # once it is installed
    why: Message | None  # it is not possible
    connected: tuple[HostView, ...]


class HostsChanged(Struct, frozen=True, kw_only=True, tag_field="type", tag="hosts"):
    hosts: tuple[HostView, ...]


class ConsentWanted(Struct, frozen=True, kw_only=True, tag_field="type", tag="consent"):
    """Server: somebody wants to use a folder that is not allowed yet; a page may ask its person (POST /api/v1/roots)."""

    folder: str
    wanted_by: str  # in words
    wanted_by_message: Message | None = None


class Refused(Struct, frozen=True, kw_only=True, tag_field="type", tag="refused"):
    """Server: last message before it closes."""

    error: str
    message: str
    code: str | None = None
    params: dict[str, Any] = field(default_factory=dict)


class PreviewHeader(Struct, frozen=True, kw_only=True):
    """Binary messages are previews: four bytes (big-endian) of this header's length, this header as JSON, a JPEG."""

    job: str
    shot: str
    frame: int  # of the take
    width: int
    height: int


ToServer = Prove | Hello | Follow
ToClient = Proven | Welcome | Happened | Snapshot | ProgressNow | LogLine | HostsChanged | ConsentWanted | Refused


# --- what hosts answer: JSON-RPC 2.0 ----------------------------------------------------------------------------------


MethodName = Literal["host.selection", "host.export", "host.place", "host.switchTake", "host.reveal", "host.markers"]
"""What each takes and gives is in `hosts.methods.METHODS`."""


class HostCall(Struct, frozen=True, kw_only=True):
    """POST /api/v1/hosts/{id}/call: a request that is relayed to a host."""

    method: MethodName
    params: dict[str, Any] = field(default_factory=dict)
    timeout_s: Annotated[float, Meta(gt=0, le=600)] = 30.0


class SequenceInfo(Struct, frozen=True, kw_only=True):
    """The timeline that is open in a host."""

    id: str
    name: str
    rate: Fraction
    start_frame: int  # number that the first frame carries as timecode
    drop_frame: bool


class SelectedItem(Struct, frozen=True, kw_only=True):
    """One selected clip, or the speech lying under it."""

    id: str
    name: str
    kind: Literal["picture", "sound"]
    placement: Placement
    path: str | None = None  # of its media; None = the host alone can decode it
    needs_host_export: str | None = None  # why, in a sentence
    needs_host_export_message: Message | None = None
    cannot_copy: tuple[str, ...] = ()  # what a take placed above it would lose, in words
    cannot_copy_messages: tuple[Message, ...] = ()
    notices: tuple[str, ...] = ()  # what a person should know before rendering: its file is offline, a proxy plays, what lies above
    notice_messages: tuple[Message, ...] = ()


class Caption(Struct, frozen=True, kw_only=True):
    """A subtitle of the timeline, or a stretch of the editor's own transcript."""

    record_start: int
    record_duration: int
    text: str


class SelectionResult(Struct, frozen=True, kw_only=True):
    """host.selection {} → what is selected, and the timeline as OpenTimelineIO with the items' ids in metadata.heygem.id."""

    sequence: SequenceInfo | None  # None = no timeline is open
    items: tuple[SelectedItem, ...] = ()
    document: dict[str, Any] | None = None
    found_by: Literal["selection", "marks", "playhead", "colour"] | None = None  # how the host knew what is meant
    captions: tuple[Caption, ...] = ()  # what is said under what is selected, where the editor knows it
    marks: tuple[int, int] | None = None  # frames from in to out, end not included, where these say what is meant: clips are cut to them


class ExportRequest(Struct, frozen=True, kw_only=True):
    """POST /api/v1/hosts/{id}/exports: the editor makes files of selected clips that it alone can decode. It cannot be used meanwhile."""

    items: Annotated[tuple[ForeignId, ...], Meta(min_length=1, max_length=200)]  # `SelectedItem.id`
    kind: Literal["picture", "sound"] = "picture"
    handles: Annotated[int, Meta(ge=0, le=10_000)] = 0  # frames of the timeline on both sides


class ExportParams(Struct, frozen=True, kw_only=True):
    """host.export: files of what only the editor can decode."""

    items: tuple[str, ...]
    kind: Literal["picture", "sound"]
    folder: str
    handles: int = 0  # frames of the timeline on both sides


class ExportedItem(Struct, frozen=True, kw_only=True):
    item: str
    path: str | None
    problem: str | None = None
    problem_message: Message | None = None
    handles: int | None = None  # frames of the file before the clip begins; None = as asked, as far as the timeline goes back


class ExportResult(Struct, frozen=True, kw_only=True):
    exported: tuple[ExportedItem, ...]
    blocked_ms: float  # for which the editor could not be used
    notices: tuple[str, ...] = ()  # what could not be put back as it was, in sentences
    notice_messages: tuple[Message, ...] = ()


class ExportView(Struct, frozen=True, kw_only=True):
    """Files that an editor made. `TimelineRequest.exports` names the id; unused ones are deleted after a day."""

    id: str
    exported: tuple[ExportedItem, ...]
    blocked_ms: float  # for which the editor could not be used
    notices: tuple[str, ...] = ()  # the editor's
    notice_messages: tuple[Message, ...] = ()


class PlaceParams(Struct, frozen=True, kw_only=True):
    """host.place: a take above the clip it was made from; host.switchTake: another version at the same place.

    Doing either twice with the same take changes nothing. `GET /api/v1/takes/{id}/placing` gives them for a take.
    """

    take: str
    file: str  # path on the host's machine
    name: str
    placement: Placement
    handles: int = 0  # frames of the file before the visible start
    frames: int  # visible frames of the file
    speech: str | None = None  # file that goes on an audio track of its own
    speech_start: Fraction | None = None  # second of that file heard at the first visible frame; negative = it begins later; None = 0


class PlaceResult(Struct, frozen=True, kw_only=True):
    take: str
    already: bool  # it was there before
    track: int
    record_start: int
    record_duration: int
    not_copied: tuple[str, ...] = ()
    not_copied_messages: tuple[Message, ...] = ()
    notices: tuple[str, ...] = ()
    notice_messages: tuple[Message, ...] = ()


class RevealParams(Struct, frozen=True, kw_only=True):
    """host.reveal: bring a place of the timeline into view."""

    placement: Placement


class Marker(Struct, frozen=True, kw_only=True):
    record_start: int
    record_duration: int
    name: str
    comment: str = ""


class MarkersParams(Struct, frozen=True, kw_only=True):
    """host.markers: mark weak ranges."""

    placement: Placement
    markers: tuple[Marker, ...]


class MarkersResult(Struct, frozen=True, kw_only=True):
    """Setting the same markers twice changes nothing."""

    added: int
    already: int
    notices: tuple[str, ...] = ()
    notice_messages: tuple[Message, ...] = ()
