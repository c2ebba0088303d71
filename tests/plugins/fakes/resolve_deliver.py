"""The fake Resolve's Deliver page and render queue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .resolve_remote import App, Remote, numbers
from .resolve_render import render

_KEYS = {
    "SelectAllFrames", "MarkIn", "MarkOut", "TargetDir", "CustomName", "ExportVideo", "ExportAudio", "FormatWidth", "FormatHeight",
    "FrameRate", "VideoQuality", "AudioCodec", "AudioBitDepth", "AudioSampleRate", "ExportAlpha", "ExportSubtitle", "SubtitleFormat",
    "ColorSpaceTag",
}  # fmt: skip
_SINCE = {"UseFullExtents": (21, 0, 4), "AddFrameHandles": (21, 0, 4), "DataBurnIn": (21, 0, 4), "AudioFormat": (21, 1)}
_OWN = ("TargetDir", "MarkIn", "MarkOut", "SelectAllFrames", "CustomName")  # what a preset leaves out


class Deliver(Remote):
    """The part of Project that renders. `script` says what happens to renders: "ends", "fails", "stops" (at half), "hangs"."""

    _since = {"GetAudioRenderFormats": (21, 1)}  # noqa: RUF012

    def __init__(self, app: App) -> None:
        super().__init__(app)
        self.deliver: dict[str, Any] = {
            "format": "mp4",
            "codec": "H264",
            "mode": 0,
            "settings": {"TargetDir": "/films", "CustomName": "master", "SelectAllFrames": True, "FormatWidth": 1280, "FormatHeight": 720,
                         "ExportVideo": True, "ExportAudio": True, "ExportSubtitle": True, "SubtitleFormat": "BurnIn"},
        }  # fmt: skip
        self.presets: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {"users-own": {"JobId": "users-own", "done": False}}
        self.polls = 0  # how often the render is asked for until it is done
        self.codecs = {
            "mov": {"DNxHR HQX 10-bit": "DNxHRHQX_10", "Apple ProRes 422 HQ": "ProRes422HQ"},
            "mp4": {"H.264": "H264"},
            "wav": {},
        }
        self.script = "ends"
        self.finished: list[dict[str, Any]] = []
        self.rendering_elsewhere = False
        self.on_render: Any = None  # called when a render starts: what a person does meanwhile

    def _page(self) -> None:
        if self._app.does("deliver.calls-open-the-page"):
            self._app.page = "deliver"

    def GetRenderFormats(self) -> dict[str, str]:
        return {"QuickTime": "mov", "MP4": "mp4", "Wave": "wav"}

    def GetRenderCodecs(self, suffix: str) -> dict[str, str]:
        return dict(self.codecs.get(suffix, {}))

    def GetCurrentRenderFormatAndCodec(self) -> dict[str, str]:
        return {"format": self.deliver["format"], "codec": self.deliver["codec"]}

    def SetCurrentRenderFormatAndCodec(self, form: str, codec: str) -> bool:
        self._page()
        if codec not in self.codecs.get(form, {}).values():
            return False
        self.deliver.update(format=form, codec=codec)
        return True

    def GetCurrentRenderMode(self) -> int:
        self._page()
        return self.deliver["mode"]

    def SetCurrentRenderMode(self, mode: int) -> bool:
        self._page()
        self.deliver["mode"] = mode
        return True

    def SetRenderSettings(self, settings: dict[str, Any]) -> bool:
        self._page()
        known = _KEYS | {key for key, since in _SINCE.items() if self._app.version >= since}
        refused = set(settings) - known or settings.get("CustomName") == "" or settings.get("TargetDir") == ""
        refused = refused or ("ExportSubtitle" in settings and "SubtitleFormat" not in settings)
        if refused and self._app.does("deliver.settings-all-or-none"):
            return False
        self.deliver["settings"] = {**self.deliver["settings"], **settings}
        return True

    def SaveAsNewRenderPreset(self, name: str) -> bool:
        self.presets[name] = json.loads(json.dumps(self.deliver))
        return True

    def LoadRenderPreset(self, name: str) -> bool:
        if name not in self.presets:
            return False
        kept = {key: value for key, value in self.deliver["settings"].items() if key in _OWN}
        self.deliver = json.loads(json.dumps(self.presets[name]))
        if self._app.does("deliver.preset-leaves-folder-out"):
            self.deliver["settings"].update(kept)
        return True

    def GetRenderPresetList(self) -> list[str]:
        return list(self.presets)

    def DeleteRenderPreset(self, name: str) -> bool:
        return self.presets.pop(name, None) is not None

    def AddRenderJob(self) -> str:
        self._page()
        folder = self.deliver["settings"].get("TargetDir")
        if not folder:
            return ""
        inside = any(str(folder).startswith(volume) for volume in self._app.volumes)
        if not inside and self._app.does("deliver.only-media-storage"):
            self._app.broken = True  # "Render Path Inaccessible" waits to be clicked away
            return ""
        job = f"job-{next(numbers)}"
        settings = self.deliver["settings"]
        timeline = self.timeline
        whole = settings.get("SelectAllFrames", True)
        first = timeline.GetStartFrame() if whole or "MarkIn" not in settings else settings["MarkIn"]
        last = timeline.GetEndFrame() - 1 if whole or "MarkOut" not in settings else settings["MarkOut"]
        self.jobs[job] = {"JobId": job, "TargetDir": folder, "MarkIn": first, "MarkOut": last, "OutputFilename": settings["CustomName"],
                          "IsExportVideo": settings["ExportVideo"], "IsExportAudio": settings["ExportAudio"], "done": 0,
                          "deliver": json.loads(json.dumps(self.deliver))}  # fmt: skip
        return job

    def GetRenderJobList(self) -> list[dict[str, Any]]:
        return [dict(job) for job in self.jobs.values()]

    def GetRenderJobStatus(self, job: str) -> dict[str, Any]:
        found = self.jobs[job]
        status = {"JobStatus": "Abgeschlossen", "CompletionPercentage": found["done"]}
        return {**status, "Error": "Der Datenträger ist voll."} if self.script == "fails" else status

    def DeleteRenderJob(self, job: str) -> bool:
        gone = self.jobs.pop(job, None)
        if gone is not None:
            self.finished.append(gone)
        return gone is not None

    def StartRendering(self, job: Any, *flags: Any, **named: Any) -> bool:
        self._page()
        if (named or flags) and self._app.does("deliver.start-with-a-flag-hangs"):
            self._app.broken = True
            return False
        if self.on_render is not None:
            self.on_render()
        entry = self.jobs[job]
        settings = entry["deliver"]["settings"]
        folder = Path(settings["TargetDir"])
        suffix = settings.get("AudioFormat") if not settings["ExportVideo"] and "AudioFormat" in settings else entry["deliver"]["format"]
        seen = [track.name for track in self.timeline.tracks["video"] if track.enabled and track.items]
        heard = [track.name for track in self.timeline.tracks["audio"] if track.enabled and track.items]
        entry.update(tracks=seen, heard=heard)
        if self.script == "hangs":
            return True
        last = entry["MarkIn"] if self.script in ("fails", "stops") else entry["MarkOut"]
        if folder.is_dir():
            path = folder / f"{settings['CustomName']}.{suffix}"
            render(self.timeline, path, first=entry["MarkIn"], last=last, picture=settings["ExportVideo"], sound=settings["ExportAudio"])
        entry["done"] = {"ends": 100, "fails": 3, "stops": 50}[self.script]
        self.polls = 2
        return True

    def IsRenderingInProgress(self) -> bool:
        self.polls = max(0, self.polls - 1)
        return self.rendering_elsewhere or self.polls > 0

    def StopRendering(self) -> None:
        self.polls = 0
