"""The native panel: a small window of Resolve's own toolkit. It shows what `Panel` knows; the page has everything else.

The toolkit's calls are undocumented and known from public scripts; nothing else depends on this file. What is asked of it is
little: labels, a line, buttons, two lists (AddItem, CurrentIndex), a box to tick (Checked), a timer.
"""

from __future__ import annotations

import webbrowser
from typing import Any

from heygem_host import choices
from heygem_host.messages import tell
from heygem_host.panel import Panel

from ..editor import Editor

_WINDOW = "com.heygem.bridge"
_STEP_MS = 15
_SHOWN_JOBS = 8


def run(panel: Panel, editor: Editor) -> None:
    """Shows the window until it is closed or Resolve quits. Runs in the thread that owns the API."""
    toolkit = editor.fusion.UIManager
    loop = editor.bmd.UIDispatcher(toolkit)
    former = toolkit.FindWindow(_WINDOW)
    if former:
        former.Show()
        former.Raise()
        return
    window = loop.AddWindow(
        {"ID": _WINDOW, "WindowTitle": "HeyGem Bridge", "Geometry": [200, 200, 480, 380]}, [toolkit.VGroup(_contents(toolkit, panel))]
    )
    items = window.GetItems()
    _fill(items, panel)
    timer = toolkit.Timer({"ID": "HeyGemStep", "Interval": _STEP_MS})
    shown: dict[tuple[str, str], Any] = {}

    def step(event: Any) -> None:
        panel.step()
        show(panel, items, shown)
        if panel.page is not None:
            webbrowser.open(panel.page)
            panel.page = None
        if not panel.alive:
            loop.ExitLoop()

    def close(event: Any) -> None:
        panel.choose(_chosen(items))
        loop.ExitLoop()

    def open_page(event: Any) -> None:
        panel.link.outbox.put(("page",))

    def render(event: Any) -> None:
        panel.choose(_chosen(items))
        panel.render(items["Speech"].Text.strip() or None)

    def export(event: Any) -> None:
        panel.export()

    def cancel(event: Any) -> None:
        panel.cancel()

    def choose(event: Any) -> None:
        items["Speech"].Text = str(editor.fusion.RequestFile() or "")

    window.On[_WINDOW].Close = close
    window.On.Render.Clicked = render
    window.On.Export.Clicked = export
    window.On.Cancel.Clicked = cancel
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


def _contents(toolkit: Any, panel: Panel) -> list[Any]:
    def label(code: str) -> str:
        return panel.words(tell(code))

    return [
        toolkit.Label({"ID": "State", "Text": "", "Weight": 0, "WordWrap": True}),
        toolkit.Label({"ID": "Jobs", "Text": "", "Weight": 1, "WordWrap": True, "Alignment": {"AlignTop": True}}),
        toolkit.Label({"ID": "Said", "Text": "", "Weight": 0, "WordWrap": True}),
        toolkit.HGroup(
            {"Weight": 0},
            [
                toolkit.LineEdit({"ID": "Speech", "PlaceholderText": label("panel.window-speech"), "Weight": 1}),
                toolkit.Button({"ID": "Choose", "Text": label("panel.window-file"), "Weight": 0}),
            ],
        ),
        toolkit.HGroup({"Weight": 0}, [toolkit.ComboBox({"ID": "Mode", "Weight": 1}), toolkit.ComboBox({"ID": "Mute", "Weight": 1})]),
        toolkit.CheckBox({"ID": "Disable", "Text": label("panel.window-disable"), "Weight": 0}),
        toolkit.Button({"ID": "Render", "Text": label("panel.window-render"), "Weight": 0}),
        toolkit.Button({"ID": "Export", "Text": label("panel.window-no-offer"), "Enabled": False, "Weight": 0}),
        toolkit.Button({"ID": "Cancel", "Text": label("panel.window-cancel"), "Enabled": False, "Weight": 0}),
        toolkit.Button({"ID": "OpenPage", "Text": label("panel.window-page"), "Weight": 0}),
    ]


def _fill(items: Any, panel: Panel) -> None:
    chosen = panel.chosen
    for name, entries, value in (("Mode", choices.MODES, chosen.mode), ("Mute", choices.MUTES, chosen.mute)):
        for _, code in entries:
            items[name].AddItem(panel.words(tell(code)))
        items[name].CurrentIndex = [key for key, _ in entries].index(value)
    items["Disable"].Checked = chosen.disable_original


def _chosen(items: Any) -> choices.Choices:
    def at(entries: tuple[tuple[str, str], ...], index: Any) -> Any:
        return entries[int(index)][0] if index is not None and 0 <= int(index) < len(entries) else None

    return choices.chosen(
        at(choices.MODES, items["Mode"].CurrentIndex), at(choices.MUTES, items["Mute"].CurrentIndex), bool(items["Disable"].Checked)
    )


def show(panel: Panel, items: Any, shown: dict[tuple[str, str], Any]) -> None:
    """Only what changed since is set (`shown` remembers): asking the window what it shows costs as much as a repaint."""
    job = panel.running()
    cancel = tell("panel.window-cancel-job", name=job["name"]) if job else tell("panel.window-cancel")
    wanted = {
        ("State", "Text"): panel.state,
        ("Jobs", "Text"): jobs_text(panel),
        ("Said", "Text"): panel.said,
        ("Export", "Text"): panel.words(panel.offer.message if panel.offer else tell("panel.window-no-offer")),
        ("Cancel", "Text"): panel.words(cancel),
        ("Export", "Enabled"): panel.connected and panel.offer is not None,
        ("Cancel", "Enabled"): panel.connected and job is not None,
        ("OpenPage", "Enabled"): panel.connected,
        ("Render", "Enabled"): panel.connected,
    }
    for (name, attribute), value in wanted.items():
        if shown.get((name, attribute)) != value:
            setattr(items[name], attribute, value)
            shown[name, attribute] = value


def jobs_text(panel: Panel) -> str:
    """One line for each of the newest jobs."""
    newest = sorted(panel.jobs.values(), key=lambda job: job["created"], reverse=True)[:_SHOWN_JOBS]
    return "\n".join(panel.words(panel.job_line(job)) for job in newest) or panel.words(tell("panel.window-no-jobs"))
