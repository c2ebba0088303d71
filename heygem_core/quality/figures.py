"""The figures that are kept about a take, as structs; what is measured how is in `quality`, `curves`, `likeness` and `syncnet`.

Apart from the measuring, so that a report is read without loading anything heavy.
"""

from __future__ import annotations

from ..shot import Struct


class CurveMatch(Struct, frozen=True, kw_only=True):
    """How well one curve follows another."""

    r: float | None  # Pearson correlation, −1 … 1; None = one of them does not move
    r_best: float | None  # the same at the best lag
    lag_ms: float | None  # positive = the take is late
    amplitude: float | None  # standard deviation over the wanted curve's


class Closures(Struct, frozen=True, kw_only=True):
    """Whether the lips meet when they should. A closure is a run of frames with closed lips; one frame early or late is a hit."""

    threshold: float  # eye distances: the signed gap under which lips count as closed
    wanted: int
    recall: float | None  # share of the wanted closures that the take shows; None = none was wanted
    shown: int
    precision: float | None  # share of the take's closures that were wanted; None = it shows none


class Trace(Struct, frozen=True, kw_only=True):
    """What is left of the old mouth in a take that says something else."""

    r: float | None  # partial correlation of the take's opening with the source's, the wanted opening taken out of both; None = no movement
    chance: float | None  # share of shifts in time of the old opening that give as large a |r|; below 0.05 it is no chance
    size: float | None  # how far the take's opening moves along with the old one, eye distances (standard deviation)
    opening_sd: float  # standard deviation of the take's opening, eye distances: under 0.02 where silence was wanted
    opening_range: float  # from its 5th to its 95th percentile


class Likeness(Struct, frozen=True, kw_only=True):
    """The take's pixels against its source's. None = cannot be said for this take."""

    frames: int  # compared, spread over the take
    psnr: float | None  # dB, luma of the mouth's box; only where the take says what the source says
    ssim: float | None  # 0 … 1, the same box
    seam: float | None  # gradient across the matte's edge over that 10 px away, over the same of the source (1 = no edge added)
    ring_delta_e: float | None  # CIE 1976 colour difference of the ring where the matte fades out (under 1 nobody sees)
    touched_outside: int | None  # samples outside the matte that differ, all frames together; None = the take's format is lossy


class OwnSpeech(Struct, frozen=True, kw_only=True):
    """A mouth against the sound that goes with it, inside utterances."""

    frames: int
    opening: CurveMatch  # of the signed lip gap; its lag is the sound's distance from the picture, positive = the mouth is late
    chance: float | None  # share of shifts of the sound that fit as well, None under 75 frames; small = they belong together
    closures: Closures


class SyncScore(Struct, frozen=True, kw_only=True):
    """What SyncNet says of a video with sound."""

    lse_c: float  # confidence: median distance over the shifts minus the smallest; more is better
    lse_d: float  # the smallest mean distance of the embeddings; less is better
    offset_ms: float  # where it is; positive = the mouth is late
    windows: int  # of five frames


class Quality(Struct, frozen=True, kw_only=True):
    """The figures of a take. None = cannot be said (no reference, too few frames)."""

    frames: int
    measured_frames: int
    opening: CurveMatch | None  # lip opening against what was wanted
    width: CurveMatch | None
    point_error: float | None  # mean distance of lip points from the wanted ones, inter-ocular distances
    sharpness: float | None  # of the mouth, over that of source frames of like shape
    flicker: float | None  # over the source's
    rim: float | None  # gradient along the inner lip over that of source frames of like shape
    teeth: float | None  # movement of the upper teeth in the steady view over the source's
    closures: Closures | None = None  # lips closed when the speech wants it
    real_opening: CurveMatch | None = None  # lip opening against the real mouth, where the take says what the source says
    real_closures: Closures | None = None  # the same of closed lips
    landmark_distance: float | None = None  # of lip points from the real ones, without pose, eye distances; the same takes only
    trace: Trace | None = None  # of the old mouth, where the take says something else than the source
    likeness: Likeness | None = None  # pixels against the frames below; None where the plan is no longer in the cache
    own_speech: OwnSpeech | None = None  # the mouth against the sound that goes with it; of videos without a report
    syncnet: SyncScore | None = None  # where its weights were given
