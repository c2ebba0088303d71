"""Faults that were reported of programs like this one, each with inputs of its kind: `python -m benchmarks.timelines kinds`.

The right values were worked out by hand or by a calculation of its own. A row counts the inputs and those that were read, conformed or
written otherwise. Zeros are the only good answer.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

KINDS = {
    "edit lists: events that are not rendered stay": ("test_edl_graft::test_takes_come_out_again",),
    "edit lists: a take has name, reel and timecode of its own": ("test_edl_graft::test_a_take_is_named_by_its_file",),
    "edit lists: reels with spaces, lines that nobody knows": ("test_edl::test_reels_may_hold_spaces",),
    "edit lists: each timecode's own mark, FCM from its line on": ("test_edl::test_each_timecode", "test_edl::test_without_marks"),
    "edit lists: encodings, names without suffix, reels": (
        "test_edl::test_lists_are_read", "test_edl::test_a_clip_name", "test_edl::test_of_the",
    ),
    "FCP 7 XML: all of it goes back": ("test_graft_fcp7::test_the_document_is",),
    "FCP 7 XML: the timecode of a file's first frame": ("test_fcp7_reading::test_a_file_keeps",),
    "FCP 7 XML: the finest value of a speed": ("test_fcp7_reading::test_points_of", "test_fcp7_reading::test_frames_of"),
    "FCP 7 XML: a rate that does not fit": ("test_fcp7_reading::test_a_clips_rate",),
    "FCP 7 XML: frozen, reversed, warped, parts of files": ("test_fcp7_speed::",),
    "FCPXML: all of it goes back": ("test_graft_fcpxml::test_the_document_is",),
    "FCPXML: assets without marks, formats by name, old versions": (
        "test_fcpxml_reading::test_the_marks", "test_fcpxml_reading::test_the_name_of", "test_fcpxml_reading::test_resources",
    ),
    "FCPXML: split edits, sound of nests and multicams": ("test_fcpxml_reading::test_the_sound_of", "test_fcpxml_reading::test_a_multicam"),
    "FCPXML: curves and holds": ("test_bent_maps::",),
    "AAF: speeds, curves, dissolves, nests, names": ("test_aaf_reading::",),
    "markers, sizes and notes into another format": ("test_change_of_format::test_markers",),
    "handles never move a retimed frame": ("test_retimes::test_handles_never", "test_retimes::test_every_record_frame"),
    "dissolves of every alignment stay visible": (
        "test_graft_fcp7::test_a_dissolve", "test_edl::test_every_dissolve", "test_publish::test_retimed",
    ),
    "drop-frame only where the document says so": ("test_conform::test_drop_frame", "test_conform::test_the_sequences_rate"),
    "names in either form of Unicode": ("test_edl::test_names_are_found", "test_nasty_bundles::test_media_are_found"),
    "numbered pictures": ("test_nasty_pictures::", "test_picture_sequences::"),
    "bundles": ("test_nasty_bundles::", "test_bundles::"),
    "tracks and channels of a source": ("test_sound_channels::",),
    "source ranges of exporters and pipelines": ("test_editorial_cases::",),
}  # fmt: skip


class _Counts:
    """Results by test, as pytest tells them."""

    def __init__(self) -> None:
        self.failed: dict[str, bool] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        path, _, rest = report.nodeid.partition("::")  # what stands in brackets may hold slashes
        name = f"{path.rpartition('/')[2].removesuffix('.py')}::{rest}"
        self.failed[name] = self.failed.get(name, False) or report.failed


def main() -> None:
    counts = _Counts()
    files = sorted({f"tests/timeline/{start.partition('::')[0]}.py" for starts in KINDS.values() for start in starts})
    pytest.main(
        ["-q", "-m", "not full", "--no-header", "--no-summary", "-p", "no:cacheprovider", "--durations=0", "--durations-min=999", *files],
        plugins=[counts],
    )
    print(f"\n{'kind':<62}  inputs  wrong")
    for kind, starts in KINDS.items():
        found = [failed for name, failed in counts.failed.items() if name.startswith(starts)]
        print(f"{kind:<62}  {len(found):<6}  {sum(found) if found else 'no test of that name'}")
    wrong = sum(counts.failed.values())
    sys.exit(f"{wrong} of {len(counts.failed)} are wrong" if wrong else None)


if __name__ == "__main__":
    main()
