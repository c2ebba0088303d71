"""Writes a run as one HTML file that needs no network: what got better or worse, and stills of where a take looks wrong."""

from __future__ import annotations

import base64
from html import escape
from typing import Any

import cv2

from .drives import Still
from .figures import DRIVES, FIGURES, Figure, difference, mean, value_of
from .plots import LINES, opening_plot

_STYLE = """
:root { color-scheme: light; font: 14px/1.45 system-ui, sans-serif; color: #1b1b1b; }
body { max-width: 1240px; margin: 24px auto 80px; padding: 0 20px; }
h1 { font-size: 22px; margin: 0; } h2 { font-size: 18px; margin: 44px 0 6px; } h3 { font-size: 14px; margin: 22px 0 4px; }
p { margin: 4px 0; } .dim { color: #666; } nav a { margin-right: 14px; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; font-variant-numeric: tabular-nums; margin-top: 12px; }
th, td { padding: 3px 9px; text-align: right; border-bottom: 1px solid #eee; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; }
thead th { white-space: normal; overflow-wrap: anywhere; } th:first-child { width: 390px; } th:nth-child(2) { width: 80px; }
thead th { position: sticky; top: 0; background: #fff; border-bottom: 2px solid #bbb; vertical-align: bottom; }
tr.drive th { text-align: left; padding-top: 14px; border-bottom: 1px solid #bbb; }
td.miss { color: #b91c1c; } td.best { background: #e7f6ea; } td.worst { background: #fdeaea; }
td small { display: block; line-height: 1.1; } .better { color: #15803d; } .worse { color: #b91c1c; }
svg { width: 100%; height: auto; font: 10px system-ui, sans-serif; fill: #444; display: block; }
.stills { display: grid; grid-template-columns: repeat(auto-fill, minmax(270px, 1fr)); gap: 8px; margin: 8px 0; }
.legend { float: right; font-weight: normal; font-size: 12px; }
.legend i { display: inline-block; width: 18px; height: 3px; margin: 0 5px 3px 16px; }
figure { margin: 0; } figure img { width: 100%; display: block; } figure img + img { margin-top: 2px; }
figcaption { font-size: 12px; color: #444; line-height: 1.3; margin-top: 2px; }
"""


_SWATCHES = "".join(f'<i style="background:{colour}"></i>{words}' for words, colour, _ in LINES.values())
_LEGEND = f'<span class="legend">{_SWATCHES}</span>'


def page(run: dict[str, Any], stills: dict[str, dict[str, list[Still]]], old: dict[str, Any] | None, closed_gap: float) -> str:
    """HTML of a run (as written to JSON), its stills by clip and drive, and an older run to compare with."""
    clips = run["clips"]
    before = old["clips"] if old else {}
    links = "".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name in clips)
    body = [_head(run, old), f"<nav>{links}</nav>", _news(clips, before), _summary(clips, before), _key(bool(old))]
    body += [_clip(name, clip, stills[name], closed_gap) for name, clip in clips.items()]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Quality of takes · {escape(run['commit'])}</title><style>{_STYLE}</style>{''.join(body)}</html>"
    )


def _head(run: dict[str, Any], old: dict[str, Any] | None) -> str:
    settings = ", ".join(f"{key} {value}" for key, value in run["settings"].items())
    against = f"<p>Compared with version {escape(old['commit'])} of {escape(old['made'])}.</p>" if old else ""
    return (
        f'<h1>Quality of takes</h1><p class="dim">Version {escape(run["commit"])}, {escape(run["made"])}; {escape(settings)}.</p>{against}'
    )


def _key(compared: bool) -> str:
    sentences = [
        "Red figures miss their target.",
        "Green and red cells: the best clip of the row, and the worst where it is not on target.",
        "Small print: the change since the older version." if compared else "",
        "In the plots the bars show when lips are closed, the grey area how loud the speech is, dashed lines the frames of the stills.",
        "Lip openings and gaps are in distances between the outer eye corners.",
    ]
    return f'<p class="dim">{" ".join(sentences)}</p>'


def _news(clips: dict[str, Any], old: dict[str, Any]) -> str:
    """The means that became better and those that became worse, as HTML."""
    lists: dict[int, list[str]] = {1: [], -1: []}
    for figure in FIGURES if old else ():
        both = [(value_of(old[n], figure), value_of(clip, figure)) for n, clip in clips.items() if n in old]
        known = [(a, b) for a, b in both if a is not None and b is not None]
        before, now = mean([a for a, _ in known]), mean([b for _, b in known])
        if change := figure.change(before, now):
            lists[change].append(f"{escape(figure.words)} ({DRIVES[figure.drive]}) {figure.text(before)} → {figure.text(now)}")
    named = ((1, "better", "Better"), (-1, "worse", "Worse")) if old else ()
    lines = [(style, f"{title}, {len(lists[sign])}:", "; ".join(lists[sign]) or "none") for sign, style, title in named]
    return "".join(f'<p><b class="{style}">{title}</b> {what}</p>' for style, title, what in lines)


def _summary(clips: dict[str, Any], old: dict[str, Any]) -> str:
    heads = "".join(f'<th><a href="#{escape(name)}">{escape(name)}</a></th>' for name in clips)
    rows, drive = [], ""
    for figure in FIGURES:
        if figure.drive != drive:
            drive = figure.drive
            rows.append(f'<tr class="drive"><th colspan="{len(clips) + 3}">Driven by {DRIVES[drive]}</th></tr>')
        rows.append(_row(figure, clips, old))
    return f"<table><thead><tr><th></th><th>target</th>{heads}<th>mean</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row(figure: Figure, clips: dict[str, Any], old: dict[str, Any]) -> str:
    values = [value_of(clip, figure) for clip in clips.values()]
    before = [value_of(old[name], figure) if name in old else None for name in clips]
    best, worst = figure.extremes(values)
    if worst is not None and figure.meets(values[worst] or 0.0):
        worst = None  # the worst of good ones is no reason to look
    cells = [
        _cell(figure, value, was, "best" if k == best else "worst" if k == worst else "")
        for k, (value, was) in enumerate(zip(values, before, strict=True))
    ]
    both = [(a, b) for a, b in zip(before, values, strict=True) if a is not None and b is not None]
    cells.append(_cell(figure, mean(values), None, "", _change(figure, mean([a for a, _ in both]), mean([b for _, b in both]))))
    return f'<tr><td>{escape(figure.words)}</td><td class="dim">{figure.target}</td>{"".join(cells)}</tr>'


def _cell(figure: Figure, value: float | None, was: float | None, mark: str, change: str | None = None) -> str:
    miss = "miss" if value is not None and figure.meets(value) is False else ""
    classes = " ".join(c for c in (mark, miss) if c)
    return f'<td class="{classes}">{figure.text(value)}{_change(figure, was, value) if change is None else change}</td>'


def _change(figure: Figure, old: float | None, new: float | None) -> str:
    words = {1: "better", -1: "worse", 0: "dim"}[figure.change(old, new)]
    text = difference(figure, old, new).removesuffix(" better").removesuffix(" worse")
    return f'<small class="{words}">{text}</small>' if words != "dim" else ""


def _clip(name: str, clip: dict[str, Any], stills: dict[str, list[Still]], closed_gap: float) -> str:
    top = 0.08
    for drive in clip["drives"].values():
        for curve in ("wanted", "got", "source"):
            top = max([top, *(v for v in drive["curves"].get(curve, []) if v is not None)])
    parts = [f'<h2 id="{escape(name)}">{escape(name)}</h2><p class="dim">{escape(clip["picture"])}</p>']
    for key, drive in clip["drives"].items():
        shown = stills[key]
        plot = opening_plot(drive["curves"], drive["fps"], closed_gap, [s.frame for s in shown], top)
        parts.append(f'<h3>{DRIVES[key].capitalize()} <span class="dim">({escape(drive["speech"])})</span>{_LEGEND}</h3>{plot}')
        parts.append(f'<div class="stills">{"".join(_still(s, drive["curves"]) for s in shown)}</div>')
    return "".join(parts)


def _still(still: Still, curves: dict[str, list[float | None]]) -> str:
    values = ", ".join(
        f"{words} {value:.3f}"
        for curve, words in (("wanted", "wanted"), ("got", "take"), ("source", "source"))
        if (value := curves[curve][still.frame] if curve in curves else None) is not None
    )
    images = "".join(f'<img src="{_jpeg(picture)}" alt="{alt}">' for picture, alt in ((still.before, "source"), (still.after, "take")))
    return f"<figure>{images}<figcaption><b>{still.frame}</b> {escape(still.why)}<br>{values}</figcaption></figure>"


def _jpeg(rgb) -> str:
    done, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}" if done else ""
