"""No English stands in the Chinese page after any flow: only names, units and what people typed are let through."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .running import RunningServer, unfold, watch

pytestmark = pytest.mark.full

NAMES = re.compile(
    r"\b(?:HeyGem(?: Bridge)?|OpenTimelineIO|Final Cut Pro|FCPXML|FCP|XML|EDL|AAF|OTIO|DaVinci Resolve|Resolve|Premiere Pro|Premiere|"
    r"Blender|Adobe|CEP|"
    r"Studio|Utility|ProRes|DNxHR|WebM|FFV1|VP9|H\.264|HEVC|HQX|HQ|LT|SQ|Alpha|MOV|MP4|MXF|MKV|MP3|PCM|WAV|AAC|FLAC|CSV|SRT|JPEG|PNG|ZIP|zip|"
    r"MediaPipe|Face Mesh|Face Landmarker|face-alignment|Wav2Lip|MuseTalk|LatentSync|SyncNet|Whisper(?: tiny)?|CPU|GPU|CUDA|Metal|API|ID|"
    r"Linux|Windows|macOS|Python|English|heygem|kHz|fps|ms|[KMGT]?B|bit|x86_64|aarch64|server\.json|openapi\.json|"
    r"Authorization|Bearer|POST|Invalid data found when processing input|keep_days|keep_bytes|trash_days|"
    r"GAN|Stable Diffusion|VAE|ft-MSE|px|S3FD|FAN|server|toml)\b|\d+(?:fps|ms|kHz|px|bit|[KMGT]?B)\b"
)
"""Names of programs, formats, units and settings: the same in every language."""

TEXTS = r"""() => {
  const skipped = "code, kbd, .name, .path, .paths, .log, .timecode, .file-list, .api-route, .nav-project, script, style";
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!element || element.closest(skipped)) continue;
    found.push(walk.currentNode.data);
  }
  for (const element of document.querySelectorAll("[aria-label], [title], [placeholder], [alt], [aria-valuetext]")) {
    if (element.closest(skipped)) continue;
    for (const name of ["aria-label", "title", "placeholder", "alt", "aria-valuetext"]) {
      if (element.hasAttribute(name)) found.push(element.getAttribute(name));
    }
  }
  found.push(document.title);
  return [...new Set(found.map((text) => text.trim()).filter(Boolean))];
}"""


def english(page: Any, own: list[str]) -> list[str]:
    """Texts with a Latin word that is no name and nothing of `own` (names of files, jobs, folders)."""
    left = []
    for text in page.evaluate(TEXTS):
        rest = re.sub(r"`[^`]*`|heygem install \w+", "", text)  # commands
        rest = re.sub(r"(?:[A-Za-z]:)?[\\/][^\s，。：；]*", "", rest)  # paths and addresses
        for name in sorted(filter(None, own), key=len, reverse=True):
            rest = re.sub(rf"(?<!\w){re.escape(name)}(?![A-Za-z_])", "", rest, flags=re.ASCII)
        rest = NAMES.sub("", rest)
        if re.search(r"[A-Za-z]{2,}", rest):
            left.append(text)
    return left


class Looks:
    """What was found in all flows, told together."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}

    def __call__(self, page: Any, own: list[str], where: str) -> None:
        page.wait_for_timeout(300)
        if left := english(page, own):
            self.found[where] = left


@pytest.fixture
def chinese(browser: Any, server: RunningServer) -> Any:
    context = browser.new_context(viewport={"width": 1360, "height": 860}, locale="zh-CN", reduced_motion="reduce", color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(60_000)
    complaints: list[str] = []
    watch(page, complaints)
    yield page
    context.close()
    assert [text for text in complaints if "401" not in text and "404" not in text] == []


def test_no_english_stands_in_the_chinese_page_after_any_flow(chinese: Any, server: RunningServer, media: Path) -> None:
    page, check = chinese, Looks()
    own = ["speaker.mp4", "levels.mp4", "speech.wav", "long.wav", "notes.mp4", "levels", "speaker", "looked-at", "v1", "mov", "1 失败"]
    server.a_take()
    own += [each["name"] for each in server.ask("GET", "/jobs?limit=200")["jobs"]]  # of whatever ran on this server before
    page.goto(f"{server.url}/")
    expect(page.get_by_role("heading", name="登录 HeyGem Bridge")).to_be_visible()
    check(page, own, "signing in")
    page.get_by_role("textbox").fill("#code=wrong")
    page.get_by_role("button", name="登录").click()
    page.locator(".notice").wait_for()
    check(page, own, "a wrong code")
    page.goto(server.sign_in_link())
    page.get_by_text("实时").first.wait_for()
    check(page, own, "an empty page")
    speech = page.get_by_role("region", name="新配音", exact=True)
    speech.locator("input[type=file]").set_input_files([str(media / "long.wav")])
    video = page.get_by_role("region", name="视频", exact=True)
    video.locator("input[type=file]").set_input_files([{"name": "notes.mp4", "mimeType": "video/mp4", "buffer": b"this is no video"}])
    page.locator(".item.refused").wait_for()
    check(page, own, "a file that is refused")
    page.locator(".item.refused button").click()
    video.locator("input[type=file]").set_input_files([str(media / "speaker.mp4")])
    page.get_by_role("radio").first.wait_for()
    page.locator(".estimate dd").first.wait_for()
    page.get_by_text("更多设置").click()
    check(page, own, "one shot")
    for fit in ("none", "trim", "loop"):
        page.locator("#length").select_option(fit)
        check(page, own, f"the length {fit}")
    page.get_by_role("tab", name="批量").click()
    page.get_by_role("region", name="视频").locator("input[type=file]").set_input_files(
        [str(media / "speaker.mp4"), str(media / "levels.mp4")]
    )
    page.get_by_role("region", name="新配音").locator("input[type=file]").set_input_files([str(media / "speech.wav")])
    page.get_by_text("没有找到人脸").first.wait_for()
    check(page, own, "a batch")
    page.get_by_role("button", name="渲染 2 个镜头").click()
    page.wait_for_url("**/#/queue")
    job = server.ask("GET", "/jobs?limit=1")["jobs"][0]
    server.finished(job["id"])
    card = page.locator(f"[data-job='{job['id']}']")
    unfold(card)
    card.locator(".shot.failed .why").wait_for()
    check(page, [*own, job["name"]], "the queue")
    page.goto(f"{server.url}/#/results")
    page.locator(".card").first.wait_for()
    names = [each["name"] for each in server.ask("GET", "/takes?limit=200")["takes"]]
    check(page, [*own, job["name"], *names], "results")
    page.goto(f"{server.url}/#/take/{server.a_take()['id']}")
    page.locator("video.after").wait_for()
    check(page, [*own, *names], "a take")
    page.keyboard.press("?")
    check(page, [*own, *names], "the keys")
    page.keyboard.press("Escape")
    models = server.ask("GET", "/models")["models"]
    for standing in (model["standing"] for model in models):
        own += [standing["licence"], standing["command"], ", ".join(standing["used_by"])]
    own += [server.ask("GET", "/standing")["system"], "(local)"]
    own += [path.split("/")[3] for path in server.ask("GET", "/openapi.json")["paths"] if path.count("/") > 2]  # headings of the reference
    for view in ("models", "editors", "server", "docs", "nothing-of-this-name"):
        page.goto(f"{server.url}/#/{view}")
        page.wait_for_timeout(1500)
        check(page, [*own, *names, job["name"]], view)
    assert not check.found, json.dumps(check.found, ensure_ascii=False, indent=1)


def test_the_first_language_that_the_browser_asks_for_and_the_page_has_is_taken(browser: Any, server: RunningServer) -> None:
    context = browser.new_context(locale="fr-FR")
    context.add_init_script("Object.defineProperty(navigator, 'languages', { get: () => ['fr-FR', 'zh-TW', 'en'] })")
    page = context.new_page()
    page.goto(server.url)
    expect(page.get_by_role("heading", name="登录 HeyGem Bridge")).to_be_visible()
    context.close()
