"""Reads a stranger's timeline in a process of its own: `python -m heygem_server.timeline SPEC.json` ("-" = standard input).

Prints one line of JSON: `Conformed`, `Published`, or `Failed`; the exit code is the error's.
"""

from __future__ import annotations

import hashlib
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from heygem_core.errors import EXIT_BUG, EXIT_OK, HeygemError, MediaNotFound
from heygem_core.media.real_paths import hold_to_real_paths
from heygem_core.messages import words
from heygem_core.shot import Failed, from_json, to_json
from heygem_core.tasks.run import failure_of

from .bundles import BUNDLES, is_bundle, media_of, write_bundle
from .child_specs import ConformSpec, CueSheet, PublishSpec, Spec
from .coded import published_with_messages, with_messages
from .conform import conform
from .conform_types import Conformed, TimelineShot
from .cue_tracks import leave_off_screen_alone, mute_others, placed_cues, selection_for, with_cues, with_faces
from .cues import read_cast, read_cues, with_chosen_faces
from .errors import UnreadableTimeline
from .facts import Facts, FactsChild
from .formats.reading import bytes_of, format_of, read_timeline
from .formats.writing import output_format, write_document, write_timeline
from .limits import CPU_S, MEMORY_BYTES, READING_CPU_S, limit_own
from .locate import Locator
from .picture_sequences import picture_file
from .publish import publish
from .published import Published
from .sequence import sequence_of
from .shot_rows import with_mix


def main() -> int:
    limit_own(MEMORY_BYTES, READING_CPU_S)
    try:
        answer = run(_read_spec(sys.argv[1:]), has_read=lambda: limit_own(MEMORY_BYTES, CPU_S))
        print(to_json(answer).decode(), flush=True)
        return EXIT_OK
    except HeygemError as error:
        _print_failure(failure_of(error))
        return error.exit_code
    except (MemoryError, RecursionError):
        _print_failure(failure_of(UnreadableTimeline("timeline.too-deep")))
        return UnreadableTimeline.exit_code
    except Exception as error:
        traceback.print_exc()
        _print_failure(failure_of(error))
        return EXIT_BUG


def run(spec: Spec, *, has_read: Callable[[], None] = lambda: None) -> Conformed | Published:
    """`has_read` is called when a timeline was understood: what follows may take as long as its speech is. Raises: HeygemError."""
    return _conform(spec, has_read) if isinstance(spec, ConformSpec) else _publish(spec)


def _conform(spec: ConformSpec, has_read: Callable[[], None]) -> Conformed:
    source = Path(spec.source)
    read = read_timeline(source, spec.format, rate=spec.rate)
    locator = Locator(
        roots=None if spec.roots is None else tuple(map(Path, spec.roots)),
        own=None if spec.own is None else (Path(spec.own[0]), Path(spec.own[1])),
        path_maps=spec.path_maps,
        base=_base(source) if spec.base is None else Path(spec.base),
        searched=tuple(map(Path, spec.searched)),
    )
    if spec.roots is not None:
        hold_to_real_paths(None)
    with FactsChild(real_paths=spec.roots is not None) as facts, media_of(source, spec.mixes) as locator.bundled:
        if spec.cues is None:
            found = conform(read.timeline, spec.selection, facts=facts, locator=locator, rate=spec.rate, exported=spec.exported)
        else:
            found = _conform_cues(spec, spec.cues, read.timeline, facts, locator)
    has_read()
    shots = found.shots if spec.mixes is None else tuple(_with_made_files(row, Path(spec.mixes)) for row in found.shots)
    return with_messages(msgspec.structs.replace(found, shots=shots, notices=(*read.notices, *found.notices)))


def _conform_cues(spec: ConformSpec, sheet: CueSheet, timeline: Any, facts: Facts, locator: Locator) -> Conformed:
    """With the lines of a cue sheet as the speech."""
    path, sequence = Path(sheet.path), sequence_of(timeline, spec.rate)
    rate = sequence.rate
    lines = None if sheet.lines is None else Path(sheet.lines)
    base = path.resolve().parent if sheet.base is None else Path(sheet.base)
    cast = with_chosen_faces({} if sheet.cast is None else read_cast(Path(sheet.cast)), sheet.faces)
    listed, unread = read_cues(path, rate, lines or base, [name for name, _ in sheet.recordings], drop=sequence.drop_frame)
    sent = [(name, Path(file)) for name, file in sheet.recordings]
    locator.sent = {str(file): file for _, file in sent}
    cues = placed_cues(listed, sequence)
    laid, cues, notices = with_cues(timeline, cues, rate, locator.beside(base, lines, sent), facts)
    leave_off_screen_alone(laid, cues, rate)
    selection = selection_for(spec.selection, timeline, cues, cast, rate)
    found = conform(laid, selection, facts=facts, locator=locator, rate=spec.rate, exported=spec.exported)
    return msgspec.structs.replace(with_faces(found, cues, cast), cues=tuple(cues), notices=(*unread, *notices, *found.notices))


def _base(source: Path) -> Path:
    """The folder that relative paths start from: the one that the timeline lies in, or a bundle itself."""
    whole = source.resolve()
    return whole if is_bundle(whole) and whole.is_dir() else whole.parent


def _with_made_files(row: TimelineShot, folder: Path) -> TimelineShot:
    """The row with one file for its numbered pictures, and one for its pieces of speech."""
    if row.pictures is not None and row.shot is not None:
        try:
            video = str(picture_file(row.pictures, folder))
        except (HeygemError, OSError) as error:
            return msgspec.structs.replace(
                row, shot=None, error=words("clip.at-sentence", clip=row.clip, timecode=row.timecode_in, reason=error)
            )
        row = msgspec.structs.replace(row, shot=msgspec.structs.replace(row.shot, video=video))
    return _with_mixed_speech(row, folder)


def _with_mixed_speech(row: TimelineShot, folder: Path) -> TimelineShot:
    """The row with its pieces of speech made into one file, named by what it is made of."""
    if not row.mix or row.take_seconds is None:
        return row
    from heygem_core.media.speech_mix import mix_speech

    made_of = to_json([row.mix, row.take_seconds, [os.path.getmtime(piece.path) for piece in row.mix]])
    path = folder / f"speech-{hashlib.sha256(made_of).hexdigest()[:20]}.wav"
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            mix_speech(row.mix, path, row.take_seconds)
    except HeygemError as error:
        return msgspec.structs.replace(
            row, shot=None, error=words("clip.at-sentence", clip=row.clip, timecode=row.timecode_in, reason=error)
        )
    return with_mix(row, str(path))


def _publish(spec: PublishSpec) -> Published:
    source, output = Path(spec.source), Path(spec.output)
    if output.suffix.lower() in BUNDLES and is_bundle(source):
        return _publish_bundle(spec, source, output)
    row = output_format(output, spec.output_format)
    document = bytes_of(source)
    if row.graft is not None and row.name == (spec.format or format_of(document, source)):
        grafted, notices = row.graft(document, spec.takes, spec.mode, spec.rate)
        if spec.cues and row.lay is not None:
            grafted, said = row.lay(grafted, spec.cues, spec.music_effects, spec.rate)
            notices += said
        elif spec.cues:
            notices.append(words("cues.not-laid", count=len(spec.cues)))
        write_document(grafted, output)
        return published_with_messages(Published(output=str(output), format=row.name, notices=tuple(notices)))
    read = read_timeline(source, spec.format, rate=spec.rate)
    timeline, notices = _published(read.timeline, spec)
    written = write_timeline(timeline, output, row.name, rate=spec.rate)
    return published_with_messages(msgspec.structs.replace(written, notices=(*notices, *written.notices)))


def _published(timeline: Any, spec: PublishSpec) -> tuple[Any, list[str]]:
    """(the timeline with the takes, and the lines of the cue sheet under it; what should be known)."""
    if not spec.cues:
        return publish(timeline, spec.takes, spec.mode, rate=spec.rate)
    laid, _, notices = with_cues(timeline, spec.cues, sequence_of(timeline, spec.rate).rate, None, None)
    notices += mute_others(laid, spec.music_effects)
    published, said = publish(laid, spec.takes, spec.mode, rate=spec.rate)
    return published, [*notices, *said]


def _publish_bundle(spec: PublishSpec, source: Path, output: Path) -> Published:
    read = read_timeline(source, rate=spec.rate)
    timeline, notices = _published(read.timeline, spec)
    write_bundle(timeline, spec.takes, source, output)
    return published_with_messages(Published(output=str(output), format="otioz", notices=(*read.notices, *notices)))


def _read_spec(arguments: list[str]) -> Spec:
    try:
        text = sys.stdin.buffer.read() if arguments[:1] == ["-"] else Path(arguments[0]).read_bytes()
    except (IndexError, OSError) as error:
        raise MediaNotFound("spec.give-path") from error
    return from_json(text, Spec)  # type: ignore[arg-type]


def _print_failure(ended: Failed) -> None:
    print(to_json(ended).decode(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
