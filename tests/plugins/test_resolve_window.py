"""The Resolve panel's window and life: what it shows, what its button submits, when it ends, what the free edition is told."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from heygem_core.shot import from_json
from heygem_host import choices, language, render_request, startup
from heygem_host.connection import ServerConnection, Settings
from heygem_host.messages import sentences, tell
from heygem_host.panel import Panel
from heygem_resolve import running
from heygem_resolve.editor import Editor
from heygem_resolve.panel import window
from heygem_resolve.panel.resolve_side import ResolveSide
from heygem_server.api.timelines import TimelineRequest
from heygem_server.wire import Laying
from tests.plugins.fakes.resolve import Resolve
from tests.plugins.media import make_clip, make_speech


def test_only_one_panel_runs_and_a_crash_frees_its_place(tmp_path):
    lock = str(tmp_path / "x" / "panel.lock")
    code = f"import sys, time; sys.path.insert(0, {str(Path(startup.__file__).parents[1])!r})\nfrom heygem_host.startup import only_one\n"
    code += f"with only_one({lock!r}) as first: print(first, flush=True); time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline().strip() == "True"
    with startup.only_one(lock) as first:
        assert not first
    other.kill()
    other.wait()
    with startup.only_one(lock) as first:
        assert first


def test_a_second_start_says_so_and_touches_nothing(tmp_path, capsys):
    config = {"command": [], "data_folder": str(tmp_path), "server_file": str(tmp_path / "server.json")}
    (tmp_path / "config.json").write_text(json.dumps(config))
    resolve = Resolve()
    resolve.new_project()
    with startup.only_one(str(tmp_path / "panel-resolve.lock")) as first:
        assert first
        assert running.run(resolve, SimpleNamespace(), SimpleNamespace(), str(tmp_path)) == 0
    assert "running already" in capsys.readouterr().out
    assert resolve.app.calls == []


def test_the_editors_id_stays_the_same(tmp_path):
    assert running.host_id(str(tmp_path)) == running.host_id(str(tmp_path))


def test_quitting_resolve_ends_the_panel():
    resolve = Resolve()
    resolve.new_project()
    panel = Panel(ResolveSide(Editor(resolve), "resolve-x"), ServerConnection(Settings("nowhere")))
    panel.step()
    assert panel.alive
    resolve.app.broken = True
    for _ in range(4):
        panel._looked = -1
        panel.step()
    assert panel.alive, "objects die for a moment while a project is being opened"
    for _ in range(8):
        panel._looked = -1
        panel.step()
    assert not panel.alive


class Toolkit:
    """As much of UIManager as public scripts show: widgets by id, a timer, a loop that fires it."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.items: dict[str, SimpleNamespace] = {}
        self.opened: list[str] = []
        self.On = SimpleNamespace()

    def FindWindow(self, name: str) -> None:
        return None

    def Label(self, given: dict[str, Any]) -> SimpleNamespace:
        self.items[given["ID"]] = SimpleNamespace(**{"Enabled": True, "Text": "", **given})
        return self.items[given["ID"]]

    Button = LineEdit = CheckBox = Label

    def ComboBox(self, given: dict[str, Any]) -> SimpleNamespace:
        entries: list[str] = []
        self.items[given["ID"]] = SimpleNamespace(AddItem=entries.append, entries=entries, CurrentIndex=0, **given)
        return self.items[given["ID"]]

    def HGroup(self, about: dict[str, Any], children: list[Any]) -> list[Any]:
        return children

    def VGroup(self, children: list[Any]) -> list[Any]:
        return children

    def Timer(self, given: dict[str, Any]) -> SimpleNamespace:
        return SimpleNamespace(Start=lambda: self.opened.append("timer"), Stop=lambda: self.opened.append("stopped"), **given)

    def UIDispatcher(self, toolkit: Toolkit) -> Toolkit:
        return self

    def AddWindow(self, about: dict[str, Any], contents: list[Any]) -> Any:
        told = self.opened.append
        self.window = SimpleNamespace(GetItems=lambda: self.items, Show=lambda: told("shown"), Hide=lambda: told("hidden"))
        buttons = {name: SimpleNamespace() for name in ("OpenPage", "Render", "Choose", "Export", "Cancel")}
        self.window.On = type("Events", (), {"__getitem__": lambda _, name: self.events, **buttons})()
        self.events = SimpleNamespace()
        return self.window

    def RunLoop(self) -> None:
        for _ in range(self.steps):
            self.On.Timeout({})
        self.clicks()
        self.events.Close({})

    def clicks(self) -> None:
        self.window.On.Render.Clicked({})
        self.window.On.OpenPage.Clicked({})

    def ExitLoop(self) -> None:
        self.opened.append("left")


def test_the_window_shows_what_the_panel_knows_and_ends_with_it():
    resolve = Resolve()
    resolve.new_project()
    toolkit = Toolkit(steps=3)
    link = ServerConnection(Settings("nowhere"))
    editor = Editor(resolve, SimpleNamespace(UIManager=toolkit), toolkit)
    panel = Panel(ResolveSide(editor, "resolve-x"), link)
    job = {"id": "j", "name": "scene 4", "state": "active", "created": 1.0, "frames_done": 30, "frames_total": 120, "eta_s": 180.0}
    for entry in (("state", "Connected.", True), ("event", {"type": "snapshot", "jobs": [job]})):
        link.inbox.put(entry)
    window.run(panel, editor)
    assert toolkit.items["State"].Text == "Connected."
    assert toolkit.items["Jobs"].Text == "scene 4: 25 %, 3 min left"
    assert toolkit.items["OpenPage"].Enabled
    assert toolkit.opened == ["shown", "timer", "left", "stopped", "hidden"]
    assert panel.said == "No timeline is open in Resolve: open one and try again."
    assert link.outbox.get_nowait() == ("page",)


def test_the_window_speaks_the_language_of_its_user():
    """All that it says by itself, and what the server refused: its sentences come over the connection."""
    resolve = Resolve()
    resolve.new_project()
    toolkit = Toolkit(steps=3)
    link = ServerConnection(Settings("nowhere", language="zh"))
    editor = Editor(resolve, SimpleNamespace(UIManager=toolkit), toolkit)
    panel = Panel(ResolveSide(editor, "resolve-x"), link)
    assert panel.state == "正在寻找渲染服务器 …"
    job = {"id": "j", "name": "scene 4", "state": "active", "created": 1.0, "frames_done": 30, "frames_total": 120, "eta_s": 180.0}
    link.say(tell("panel.connected"), True)
    link.inbox.put(("event", {"type": "snapshot", "jobs": [job]}))
    window.run(panel, editor)
    shown = {name: item.Text for name, item in toolkit.items.items() if hasattr(item, "Text")}
    assert (shown["State"], shown["Jobs"], shown["Cancel"]) == ("已连接。", "任务 scene 4：25 %、剩余 3 分钟", "取消 scene 4")
    assert toolkit.items["Mode"].entries == ["结果放在上方的轨道", "作为片段自身的版本（Take）", "以后的版本原地替换结果"]
    texts = [text for name, text in shown.items() if name not in ("Said", "Speech")]
    assert all(any(letter >= "\u4e00" for letter in text) for text in texts), texts
    assert panel.said == "Resolve 中没有打开的时间线：请打开一个，然后重试。"
    refused = {"code": "job.gone", "params": {}, "message": "That job is gone."}
    panel._handle("sentences", {"job.gone": "该任务已不存在。"})
    panel._handle("said", [refused])
    assert panel.said == "该任务已不存在。"


def test_what_became_of_a_take_is_told_in_the_windows_language():
    panel = Panel(ResolveSide(Editor(Resolve()), "resolve-x"), ServerConnection(Settings("nowhere", language="zh")))
    lost, notice = tell("panel.lost-fades"), tell("panel.clip-moved")
    result = {"track": 3, "record_start": 0, "not_copied": sentences([lost]), "not_copied_messages": [lost]}
    result |= {"notices": sentences([notice]), "notice_messages": [notice]}
    panel._tell("host.place", {"name": "take 1", "take": "t1", "placement": {}}, {"result": result})
    assert panel.said == "take 1 位于 V3。 未复制：其淡入淡出。 片段在渲染之后被移动；结果随之移动。"
    older = {**result, "notices": ["Something."], "notice_messages": []}
    panel._tell("host.place", {"name": "take 1", "take": "t1", "placement": {}}, {"result": older})
    assert panel.said.endswith("Something.")


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "C", "LANG": "zh_CN"}, "en"),
        ({"LANG": "de_DE"}, "en"),
        ({"LC_MESSAGES": "zh-Hans"}, "zh"),
    ],
)
def test_the_language_of_the_user_is_the_systems(environment, spoken):
    assert language.of_this_machine(environment) == spoken


def test_on_a_mac_the_first_of_the_users_languages_counts(monkeypatch):
    listed = '(\n    "zh-Hans-CN",\n    "en-CN"\n)\n'
    monkeypatch.setattr(language.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=listed))
    monkeypatch.setattr(language.sys, "platform", "darwin")
    assert language.of_this_machine({}) == "zh"

    def absent(*_: Any, **__: Any) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(language.subprocess, "run", absent)
    assert language.of_this_machine({}) == "en"


def test_the_free_edition_is_told_what_it_cannot_do_and_where_to_go(tmp_path, capsys, monkeypatch):
    (tmp_path / "config.json").write_text(
        json.dumps({"command": [], "data_folder": str(tmp_path), "server_file": str(tmp_path / "server.json")})
    )
    resolve = Resolve(version=(20, 2), studio=False)
    resolve.new_project()
    monkeypatch.setattr(running, "without_window", lambda panel: None)
    assert running.run(resolve, SimpleNamespace(), SimpleNamespace(), str(tmp_path)) == 0
    said = capsys.readouterr().out
    assert "free edition" in said
    assert "OTIO" in said
    assert not resolve.app.broken


@pytest.fixture
def told(tmp_path):
    """A panel over three selected clips with speech under them, as the button of the window finds it."""
    make_clip(tmp_path / "a.mov", rate=Fraction(25), frames=40)
    make_speech(tmp_path / "speech.wav", 2)
    resolve = Resolve()
    resolve.new_project()
    timeline = resolve.new_timeline()
    timeline.selected = [resolve.add_clip(timeline, str(tmp_path / "a.mov"), start=start, length=10) for start in (0, 10, 20)]
    resolve.add_sound(timeline, str(tmp_path / "speech.wav"), start=0, length=30, track=2)
    return Panel(ResolveSide(Editor(resolve), "resolve-x"), ServerConnection(Settings("nowhere"))), timeline


def test_the_button_submits_what_is_selected_in_the_servers_own_words(told):
    panel, _ = told
    panel.choose(choices.Choices(mode="take", mute="clip", disable_original=True))
    panel.render(None)
    kind, order = panel.link.outbox.get_nowait()
    assert kind == "submit"
    request = from_json(json.dumps(order.body), TimelineRequest)
    assert request.laying == Laying(mode="take", mute="clip", disable_original=True)
    assert len(request.selection.ids) == 4
    assert (request.settings.sound, request.settings.format) == ("none", "dnxhr")
    assert (request.origin.host, request.origin.project) == ("resolve-x", request.selection.project)


def test_a_file_is_the_speech_instead_of_what_lies_under_the_clips(told):
    panel, _ = told
    panel.render("/films/new.wav")
    request = from_json(json.dumps(panel.link.outbox.get_nowait()[1].body), TimelineRequest)
    assert (request.selection.speech, request.selection.speech_from) == ("/films/new.wav", "clip")
    assert len(request.selection.ids) == 3


def test_nothing_selected_and_nothing_said_are_sentences(told):
    panel, timeline = told
    timeline.DeleteClips([item for _, item in [(0, timeline.tracks["audio"][1].items[0])]])
    panel.render(None)
    assert "No speech" in panel.said
    timeline.selected = []
    panel.render(None)
    assert "No clip is selected" in panel.said
    assert panel.link.outbox.empty()


def test_what_became_of_a_submission_is_said():
    shot = {"clip": "a.mov", "error": None, "needs_host_export": None, "shot": {}}
    bad = {**shot, "clip": "b.mov", "error": "It is offline."}
    job = {"job": {"shots_total": 1}}
    some = render_request.outcome({"job": job, "conformed": {"shots": [shot, bad]}})
    assert sentences(some) == ["1 clip is being rendered.", "b.mov: It is offline."]
    none = render_request.outcome({"job": None, "conformed": {"shots": [bad]}})
    assert sentences(none) == ["Nothing can be rendered.", "b.mov: It is offline."]


def test_what_is_worth_knowing_of_the_clips_is_said_with_what_became_of_them(told):
    panel, timeline = told
    first, second, _ = timeline.selected
    first.media.proxy, second.comps = first.media.path, 1
    panel.render(None)
    _, order = panel.link.outbox.get_nowait()
    panel._handle("submitted", order, {"job": {"job": {"shots_total": 3}}, "conformed": {"shots": []}}, None)
    assert panel.said.startswith("3 clips are being rendered.")
    assert f"{first.name}: The editor plays its proxy; the take is made from the full-resolution file: {first.media.path}." in panel.said
    assert panel.said.count("Not copied") == 1


def row(id: str, **more: Any) -> dict[str, Any]:
    return {"clip": f"{id}.mov", "key": id, "placement": {"clip": id}, "shot": {}, "error": None, "needs_host_export": None, **more}


def test_clips_that_only_resolve_can_play_are_offered_and_no_others(told):
    """What is being rendered already must not be rendered twice."""
    panel, timeline = told
    first, second, third = timeline.selected
    panel.render(None)
    _, order = panel.link.outbox.get_nowait()
    rows = [row(first.id), row(second.id, shot=None, needs_host_export="it is a compound clip"), row(third.id, shot=None, error="offline")]
    panel._handle("submitted", order, {"job": {"job": {"shots_total": 1}}, "conformed": {"shots": rows}}, None)
    assert panel.offer is not None
    assert panel.offer.message["message"] == "Let Resolve export 1 clip (about 0:01; Resolve cannot be used meanwhile) and render"
    assert panel.offer.pictures == (second.id,)
    speech = timeline.tracks["audio"][1].items[0]
    timeline.tracks["video"][0].items[1].length = 9  # trimmed since
    panel.export()
    kind, offer = panel.link.outbox.get_nowait()
    assert (kind, panel.offer) == ("export", None)
    request = from_json(json.dumps(render_request.with_exports(offer.order, ["x0"]).body), TimelineRequest)
    assert (request.selection.ids, request.exports) == ((second.id, speech.id), ("x0",))
    lengths = [child["source_range"]["duration"]["value"] for child in request.document["tracks"]["children"][0]["children"]]
    assert lengths == [10.0, 9.0, 1.0, 10.0], "the timeline as it was when the clips were sent"
    panel._handle("submitted", render_request.with_exports(offer.order, ["x0"]), {"job": None, "conformed": {"shots": rows[1:2]}}, None)
    assert panel.offer is None, "an export that did not help is not offered again and again"


def test_what_the_server_would_read_wrongly_is_never_sent_without_an_export(told):
    """A multicam clip has a file, and only Resolve knows which angle of it."""
    panel, timeline = told
    media = timeline.selected[0].media
    plain = media.GetClipProperty
    media.GetClipProperty = lambda name: "3" if name == "Angle Count" else plain(name)
    panel.render(None)
    order = panel.link.outbox.get_nowait()[1]
    first, second, third = timeline.selected
    assert order.held == (first.id,)
    assert first.id not in order.body["selection"]["ids"]
    panel._handle("submitted", order, {"job": {"job": {"shots_total": 2}}, "conformed": {"shots": [row(second.id), row(third.id)]}}, None)
    assert panel.offer.pictures == (first.id,)
    assert [id for id in panel.offer.order.body["selection"]["ids"] if id in (second.id, third.id)] == []
    timeline.selected = [first]
    panel.render(None)
    assert panel.link.outbox.empty(), "there is nothing to ask"
    assert panel.offer.pictures == (first.id,)
    assert "multicam" in panel.said


def test_a_sound_that_only_resolve_can_play_is_offered_with_every_clip_that_it_left_mute(told):
    panel, timeline = told
    first, second, third = timeline.selected
    timeline.tracks["audio"][1].items[0].media = None
    panel.render(None)
    _, order = panel.link.outbox.get_nowait()
    rows = [row(each.id, shot=None, error="its speech has no file") for each in (first, second)] + [row(third.id)]
    panel._handle("submitted", order, {"job": None, "conformed": {"shots": rows}}, None)
    speech = timeline.tracks["audio"][1].items[0]
    assert (panel.offer.pictures, panel.offer.sounds) == ((), (speech.id,))
    assert panel.offer.order.body["selection"]["ids"] == [first.id, second.id, speech.id]


def test_the_offer_is_a_button_and_the_running_job_can_be_cancelled(told):
    panel, timeline = told
    toolkit = Toolkit(steps=2)
    editor = Editor(panel.editor.editor.resolve, SimpleNamespace(UIManager=toolkit), toolkit)
    panel.connected = True
    for number, (id, state) in enumerate((("old", "active"), ("new", "queued"), ("done", "completed"))):
        panel.jobs[id] = {"id": id, "name": f"scene {number + 3}", "state": state, "created": float(number)}
    panel.render(None)
    _, order = panel.link.outbox.get_nowait()
    panel._handle(
        "submitted", order, {"job": None, "conformed": {"shots": [row(timeline.selected[0].id, shot=None, needs_host_export="x")]}}, None
    )
    seen: list[tuple[str, bool]] = []

    def clicks() -> None:
        seen.extend((toolkit.items[name].Text, toolkit.items[name].Enabled) for name in ("Export", "Cancel"))
        toolkit.window.On.Export.Clicked({})
        toolkit.window.On.Cancel.Clicked({})
        toolkit.On.Timeout({})
        seen.extend((toolkit.items[name].Text, toolkit.items[name].Enabled) for name in ("Export",))

    toolkit.clicks = clicks
    window.run(panel, editor)
    assert seen[0] == ("Let Resolve export 1 clip (about 0:01; Resolve cannot be used meanwhile) and render", True)
    assert seen[1] == ("Cancel scene 4", True)
    assert seen[2] == ("No clip has to be exported by Resolve", False)
    assert panel.link.outbox.get_nowait()[0] == "export"
    assert panel.link.outbox.get_nowait() == ("cancel", "new")


def test_what_was_chosen_is_chosen_at_the_next_start(told, tmp_path):
    panel, _ = told
    file = tmp_path / "data" / "panel-resolve.json"
    for chosen in (choices.Choices(), choices.Choices(mode="take", mute="track", disable_original=True)):
        toolkit = Toolkit(steps=1)
        editor = Editor(panel.editor.editor.resolve, SimpleNamespace(UIManager=toolkit), toolkit)
        again = Panel(ResolveSide(editor, "resolve-x"), ServerConnection(Settings("nowhere")), str(file))
        assert again.chosen == chosen

        def clicks(toolkit: Toolkit = toolkit) -> None:
            toolkit.items["Mode"].CurrentIndex = toolkit.items["Mode"].entries.index("Takes of the clip itself")
            toolkit.items["Mute"].CurrentIndex = 2
            toolkit.items["Disable"].Checked = True

        if chosen == choices.Choices():
            toolkit.clicks = clicks
        window.run(again, editor)
        assert again.chosen.mode == "take"


@pytest.mark.parametrize("text", ["", "[]", '{"mode": "explode", "mute": 3, "disable_original": "yes"}', "null"])
def test_a_damaged_memory_is_the_ordinary_choice(tmp_path, text):
    (tmp_path / "c.json").write_text(text)
    assert choices.read(str(tmp_path / "c.json")) == choices.Choices()


def test_a_disk_that_refuses_costs_the_memory_and_nothing_else(tmp_path):
    (tmp_path / "file").write_text("")
    choices.keep(str(tmp_path / "file" / "c.json"), choices.Choices(mode="take"))


def test_a_project_that_dies_while_a_button_is_pressed_is_a_sentence(told):
    panel, _ = told
    panel.editor.editor.resolve.app.broken = True
    panel.render(None)
    assert "did not say what is selected" in panel.said
