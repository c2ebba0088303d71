"""The native panel: a small window of Resolve's own toolkit. It shows what `Panel` knows; the page has everything else.

The toolkit's calls are undocumented and known from public scripts; nothing else depends on this file.
"""

from __future__ import annotations

import webbrowser
from typing import Any

from .panel import Panel

_WINDOW = "com.heygem.bridge"
_STEP_MS = 30
_SHOWN_JOBS = 8


def run(panel: Panel) -> None:
    """Shows the window until it is closed or Resolve quits. Runs in the thread that owns the API."""
    editor = panel.editor
    toolkit = editor.fusion.UIManager
    loop = editor.bmd.UIDispatcher(toolkit)
    former = toolkit.FindWindow(_WINDOW)
    if former:
        former.Show()
        former.Raise()
        return
    window = loop.AddWindow(
        {"ID": _WINDOW, "WindowTitle": "HeyGem Bridge", "Geometry": [200, 200, 460, 260]}, [toolkit.VGroup(_contents(toolkit))]
    )
    items = window.GetItems()
    timer = toolkit.Timer({"ID": "HeyGemStep", "Interval": _STEP_MS})

    def step(event: Any) -> None:
        panel.step()
        show(panel, items)
        if panel.page is not None:
            webbrowser.open(panel.page)
            panel.page = None
        if not panel.alive:
            loop.ExitLoop()

    def close(event: Any) -> None:
        loop.ExitLoop()

    def open_page(event: Any) -> None:
        panel.link.outbox.put(("page",))

    def render(event: Any) -> None:
        panel.render(items["Speech"].Text.strip() or None)

    def choose(event: Any) -> None:
        items["Speech"].Text = str(editor.fusion.RequestFile() or "")

    window.On[_WINDOW].Close = close
    window.On.Render.Clicked = render
    window.On.Choose.Clicked = choose
    window.On.OpenPage.Clicked = open_page
    loop.On.Timeout = step
    window.Show()
    timer.Start()
    try:
        loop.RunLoop()
    finally:
        timer.Stop()
        window.Hide()
        panel.link.stop()


def _contents(toolkit: Any) -> list[Any]:
    return [
        toolkit.Label({"ID": "State", "Text": "", "Weight": 0, "WordWrap": True}),
        toolkit.Label({"ID": "Jobs", "Text": "", "Weight": 1, "WordWrap": True, "Alignment": {"AlignTop": True}}),
        toolkit.Label({"ID": "Said", "Text": "", "Weight": 0, "WordWrap": True}),
        toolkit.HGroup(
            {"Weight": 0},
            [
                toolkit.LineEdit({"ID": "Speech", "PlaceholderText": "Speech: what lies under the clips, or a file", "Weight": 1}),
                toolkit.Button({"ID": "Choose", "Text": "File …", "Weight": 0}),
            ],
        ),
        toolkit.Button({"ID": "Render", "Text": "Render the selected clips", "Weight": 0}),
        toolkit.Button({"ID": "OpenPage", "Text": "All settings, progress and versions …", "Weight": 0}),
    ]


def show(panel: Panel, items: Any) -> None:
    """Texts are set only where they differ: setting one repaints the window."""
    for name, text in (("State", panel.state), ("Jobs", jobs_text(panel)), ("Said", panel.said)):
        if items[name].Text != text:
            items[name].Text = text
    for name in ("OpenPage", "Render"):
        if items[name].Enabled != panel.connected:
            items[name].Enabled = panel.connected


def jobs_text(panel: Panel) -> str:
    """One line for each of the newest jobs."""
    newest = sorted(panel.jobs.values(), key=lambda job: job["created"], reverse=True)[:_SHOWN_JOBS]
    return "\n".join(_line(job) for job in newest) or "Nothing is being rendered."


def _line(job: dict[str, Any]) -> str:
    done, total, rest = job.get("frames_done") or 0, job.get("frames_total"), job.get("eta_s")
    how_far = f"{100 * done // total} %" if total else ""
    left = f"{max(1, round(rest / 60))} min left" if rest and rest > 50 else ("under a minute left" if rest else "")
    state = {"completed": "done", "active": how_far or "starting"}.get(job["state"], job["state"])
    return f"{job['name']}: {', '.join(part for part in (state, left if job['state'] == 'active' else '') if part)}"
