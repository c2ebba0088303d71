"""What stands around the script: the manifest, the frame's parent, and a ledger without dead entries."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tests.plugins.fakes import ledger
from tests.plugins.node import HERE, REPOSITORY, run_node

CEP = REPOSITORY / "plugins" / "premiere_cep"


def test_the_manifest_lets_every_premiere_from_24_in_and_gives_the_panel_node():
    """A bare host version filters the panel out without a word, and so does a CSXS that Premiere 24 does not have (it has 11)."""
    name = ""  # no vendor's sample has a namespace
    manifest = ET.parse(CEP / "CSXS" / "manifest.xml").getroot()
    assert manifest.tag == f"{name}ExtensionManifest"
    assert {host.get("Name"): host.get("Version") for host in manifest.iter(f"{name}Host")} == {"PPRO": "[24.0,99.9]"}
    assert [runtime.get("Version") for runtime in manifest.iter(f"{name}RequiredRuntime")] == ["11.0"]
    hidden = {"--disable-background-timer-throttling", "--disable-renderer-backgrounding"}
    assert {line.text for line in manifest.iter(f"{name}Parameter")} == {"--enable-nodejs", "--disable-site-isolation-trials", *hidden}
    assert (CEP / str(next(manifest.iter(f"{name}MainPath")).text)).is_file()
    assert not list(manifest.iter(f"{name}ScriptPath")), "the scripts are loaded by the panel, one by one"


def test_the_frame_may_run_scripts_and_nothing_that_leads_out():
    text = (CEP / "index.html").read_text(encoding="utf-8")
    [sandbox] = re.findall(r'<iframe[^>]*sandbox="([^"]*)"', text)
    assert not {word for word in sandbox.split() if "top-navigation" in word or "popups" in word}
    [frame] = re.findall(r"<iframe[^>]*>", text)
    assert "disable-nodejs" in frame.split(), "a frame could reach Node"
    assert "enable-nodejs" not in text
    assert not re.findall(r"<script>|\son\w+=", text), "inline script would need a weaker policy"


PARENT = """
const { attach } = require('./plugins/shared/page-frame.js');
const sent = [], listeners = [], told = [], opened = [];
const frame = { contentWindow: { postMessage: (message, target, ports) => sent.push([message, target, ports.length]) } };
class Channel { constructor() { this.port1 = { postMessage: (message) => told.push(message) }; this.port2 = {}; Channel.last = this; } }
const window = { MessageChannel: Channel, addEventListener: (kind, one) => listeners.push(one),
  removeEventListener: () => listeners.pop() };
const session = () => ({ token: 'secret' });
const host = { window, frame, session, renew: () => opened.push('renew'), pick: () => ['/a.wav'], open: (url) => opened.push(url) };
const { send, stop } = attach(host, 'http://127.0.0.1:8437');
const right = { source: frame.contentWindow, origin: 'http://127.0.0.1:8437', data: { type: 'heygem.ready' } };
const say = (event) => listeners[0]({ ...right, ...event });
"""


def parent(code: str) -> Any:
    ran = run_node("-e", PARENT + code)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize(
    "event", ["{ source: {} }", "{ origin: 'http://127.0.0.1:8438' }", "{ origin: 'null' }", "{ data: { type: 'x' } }", "{ data: null }"]
)
def test_a_stranger_who_says_ready_gets_no_token(event):
    assert parent(f"say({event}); console.log(JSON.stringify([sent, told]));") == [[], []]


def test_the_page_gets_its_token_over_a_channel_addressed_to_the_server_alone():
    [sent, told] = parent("say({}); console.log(JSON.stringify([sent, told]));")
    assert sent == [[{"type": "heygem.hello", "protocol": 1}, "http://127.0.0.1:8437", 1]]
    assert told == [{"type": "heygem.session", "token": "secret"}]


def test_what_the_page_asks_of_the_panel_is_a_short_list():
    code = """
say({});
const ask = (data) => Channel.last.port1.onmessage({ data });
ask({ type: 'heygem.open', url: 'file:///etc/passwd' });
ask({ type: 'heygem.open', url: 'javascript:alert(1)' });
ask({ type: 'heygem.open', url: 'https://example.com' });
ask({ type: 'heygem.token-wanted' });
ask({ type: 'evalScript', script: 'app.quit()' });
ask(null);
ask({ type: 'heygem.pick', id: 7, kind: 'speech' });
setTimeout(() => console.log(JSON.stringify([opened, told.slice(1)])), 20);
"""
    assert parent(code) == [["https://example.com", "renew"], [{"type": "heygem.picked", "id": 7, "paths": ["/a.wav"]}]]


def test_messages_of_any_shape_do_nothing():
    """Wrong types, huge ones, names out of every object's prototype: nothing is thrown, opened, picked or answered."""
    code = """
say({ data: JSON.parse('{"type":"heygem.ready"}') });
const huge = 'x'.repeat(10e6);
const odd = [undefined, null, 7, 'heygem.pick', [], [['type', 'heygem.pick']], {},
  JSON.parse('{"__proto__":{"type":"heygem.token-wanted"}}'), ...[7, {}, '__proto__', 'constructor', huge].map((type) => ({ type })),
  ...[{}, ['https://x'], 'https://' + huge, 'javascript:1'].map((url) => ({ type: 'heygem.open', url })),
  ...[undefined, {}, huge, NaN].map((id) => ({ type: 'heygem.pick', id, kind: 'speech' })),
  ...['__proto__', ['folder'], null, huge].map((kind) => ({ type: 'heygem.pick', id: 1, kind }))];
odd.forEach((data) => { Channel.last.port1.onmessage({ data }); say({ data }); });
setTimeout(() => console.log(JSON.stringify([opened, told.length])), 20);
"""
    assert parent(code) == [[], 1]


def test_one_dialog_at_a_time_and_a_dialog_that_fails_is_one_that_was_closed():
    code = """
say({});
const ask = (data) => Channel.last.port1.onmessage({ data });
let dialogs = 0;
host.pick = () => { dialogs += 1; return new Promise((resolve, reject) => setTimeout(() => reject(new Error('no dialog')), 10)); };
for (let id = 1; id <= 3; id += 1) ask({ type: 'heygem.pick', id, kind: 'folder' });
const ends = Date.now() + 30000;
setInterval(() => {
  if (told.length < 4 && Date.now() < ends) return;
  console.log(JSON.stringify([dialogs, told.slice(1).map(({ id, paths }) => [id, paths])]));
  process.exit(0);
}, 5);
"""
    assert parent(code) == [1, [[2, []], [3, []], [1, []]]]


def test_a_page_that_asks_for_tokens_all_the_time_does_not_break_the_connection_all_the_time():
    code = """
const { ServerConnection } = require('./plugins/shared/connection.js');
const link = new ServerConnection({ machine: {}, editor: {}, serverFile: '/x', hostId: 'x', capabilities: [] });
let closed = 0;
link.socket = { close: () => { closed += 1; } };
link.openedAt = Date.now() - 1900;
for (let times = 0; times < 1000; times += 1) link.renew();
setTimeout(() => console.log(JSON.stringify(closed)), 200);
"""
    assert parent(code) == 1


def test_a_server_that_ends_at_once_is_told_with_the_next_step(tmp_path):
    code = f"""
const {{ makeMachine }} = require('./plugins/premiere_cep/machine.js');
const {{ ServerConnection }} = require('./plugins/shared/connection.js');
const said = [];
const machine = makeMachine({{ command: [process.execPath, '-e', 'process.exit(3)'] }});
const editor = {{ about: async () => ({{ project: 'p', selection: '' }}) }};
const link = new ServerConnection({{ machine, editor, serverFile: {json.dumps(str(tmp_path / "server.json"))}, hostId: 'x',
  capabilities: [], told: {{ state: (sentence) => {{ said.push(sentence); if (sentence.includes('ended right after')) tell(); }} }} }});
const tell = () => {{ console.log(JSON.stringify(said)); process.exit(0); }};
link.run();
setTimeout(tell, 30000);
"""
    said = parent(code)
    assert said[0] == "The render server is starting …"
    assert "ended right after its start (code 3)" in said[-1]
    assert "heygem serve" in said[-1]


@pytest.mark.parametrize("text", ["null", "7", "[]", "{", '{"jsonrpc":"2.0"}', '{"type":"event"}', '{"type":"event","kind":"take.added"}'])
def test_messages_of_the_server_that_are_none_are_survived(tmp_path, text):
    code = f"""
const {{ ServerConnection }} = require('./plugins/shared/connection.js');
const said = [];
const hears = {{ state: (sentence) => said.push(sentence) }};
const link = new ServerConnection({{ machine: {{}}, editor: {{}}, serverFile: '/x', hostId: 'x', capabilities: [], told: hears }});
process.on('unhandledRejection', (problem) => {{ console.log(JSON.stringify(String(problem))); process.exit(0); }});
link.heard({json.dumps(text)}, {{}});
setTimeout(() => console.log(JSON.stringify('alive')), 20);
"""
    assert parent(code) == "alive"


FAKES = {"RESOLVE": "resolve*.py", "PREMIERE": "premiere*.js", "UXP": "uxp*.js"}


@pytest.mark.parametrize("editor", FAKES)
def test_every_entry_of_the_ledger_has_a_tag_and_the_fake_obeys_it(editor):
    text = "".join(path.read_text(encoding="utf-8") for path in (HERE / "fakes").glob(FAKES[editor]))
    entries = getattr(ledger, editor)
    assert {entry["tag"] for entry in entries.values()} <= set("VOL2?")
    for name, entry in entries.items():
        assert entry.get("always") or f'does("{name}")' in text, f"{name} is in the ledger, and the fake does not obey it"


SPEAKING = """
const { languageOf, say, tell, plain, messagesOf } = require('./plugins/shared/errors.js');
const { ServerConnection } = require('./plugins/shared/connection.js');
const heard = [];
const told = { state: (sentence) => heard.push(sentence), said: (sentence) => heard.push(sentence) };
const machine = { http: async () => ({ status: 200, text: JSON.stringify({ 'job.gone': '该任务已不存在。' }) }) };
const link = new ServerConnection({ machine, told, language: LANGUAGE });
"""


def speaking(code: str, language: str) -> Any:
    """What the panel shows in a language."""
    ran = run_node(
        "-e", SPEAKING.replace("LANGUAGE", json.dumps(language)) + f"(async () => {{ {code} console.log(JSON.stringify(heard)); }})();"
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        (
            "en",
            ["Connected.", "The take lies on V3. Not copied: Blur, keyframes of Scale. Muted the whole track A1, A2.", "That job is gone."],
        ),
        ("zh", ["已连接。", "结果 位于 V3。 未复制：Blur、Scale 的关键帧。 已将整条轨道 A1、A2 静音。", "该任务已不存在。"]),
    ],
)
def test_a_premiere_panels_lines_are_in_the_language_of_premiere(language, shown):
    code = """
link.say(tell('panel.connected'), true);
const lost = [plain('Blur'), tell('panel.premiere-keyframes', { what: 'Scale' })];
const notices = [tell('panel.track-muted', { tracks: ['A1', 'A2'] })];
const texts = (messages) => messages.map((one) => one.message);
const result = { track: 3, record_start: 0, not_copied: texts(lost), not_copied_messages: lost, notices: texts(notices),
  notice_messages: notices };
const session = { server: { url: 'http://x', certificate: null }, token: 't' };
await link.placed({ method: 'host.place', params: { take: 't1', placement: {} } }, { result }, session);
await link.learn(session);
link.tellPerson([{ code: 'job.gone', params: {}, message: 'That job is gone.' }]);
"""
    assert speaking(code, language) == shown


def test_tags_of_adobes_languages_are_known():
    ran = run_node(
        "-e",
        SPEAKING.replace("LANGUAGE", "'en'") + "console.log(['zh_CN', 'zh-Hans', 'en_US', 'zhx', undefined].map(languageOf).join(' '));",
    )
    assert ran.stdout.split() == ["zh", "zh", "en", "en", "en"]
