import assert from "node:assert/strict";
import { test } from "node:test";

import { takeView } from "./helpers.mjs";

globalThis.window = globalThis;
const { useMessages } = await import("../../server/web/messages.js");
const { madeOf, picturesWanted, secondsOf, soundsWanted, stillMeant } = await import("../../server/web/media/exports.js");
const { checked, DEFAULT_CHOICE, framesOf, layingOf } = await import("../../server/web/media/placement-options.js");
const { lengthsOf, timelineRequest } = await import("../../server/web/media/host-request.js");
const { length } = await import("../../server/web/format.js");
const { able, appName, editorName, editorOf, known, knowEditors, shortName } = await import("../../server/web/editors.js");
const { takeThere } = await import("../../server/web/views/place.js");
const { presetOf } = await import("../../server/web/presets.js");
const { WorkStore } = await import("../../server/web/views/host-work.js");
const { sameFace } = await import("../../server/web/media/faces.js");
const { readRoute } = await import("../../server/web/route.js");

const item = (id, change) => ({
  id,
  name: id,
  kind: "picture",
  path: null,
  needs_host_export: null,
  cannot_copy: [],
  placement: { project: "p", sequence: "s", clip: id, track: 1, record_start: 0, record_duration: 48, rate: "24000/1001" },
  ...change,
});
const row = (clip, change) => ({
  clip,
  key: clip,
  placement: { clip, rate: "24000/1001" },
  needs_host_export: null,
  error: null,
  ...change,
});
const selection = (...items) => ({ sequence: { id: "s" }, items, document: {} });

test("conforming knows better than the editor which clips only the editor can decode", () => {
  const chosen = selection(
    item("retimed"),
    item("nest", { needs_host_export: "nested" }),
    item("readable nest", { needs_host_export: "nested" }),
  );
  const rows = [row("retimed", { needs_host_export: "retimed and of variable rate" }), row("readable nest")];
  assert.deepEqual(
    picturesWanted(chosen, rows, []).map(({ item: { id }, why }) => [id, why]),
    [
      ["retimed", "Retimed and of variable rate."],
      ["nest", "Nested."],
    ],
  );
});

test("why only the editor can decode a clip is said in the page's language", () => {
  useMessages({ "panel.only-host-multicam": "这是多机位片段，只有 {editor} 知道所用的机位。" }, "、");
  const english = "It is a multicam clip, whose angle only Premiere knows.";
  const message = { code: "panel.only-host-multicam", params: { editor: "Premiere" }, message: english };
  const multicam = item("multicam", { needs_host_export: english, needs_host_export_message: message });
  assert.equal(picturesWanted(selection(multicam), [], [])[0].why, "这是多机位片段，只有 Premiere 知道所用的机位。");
  const older = item("multicam", { needs_host_export: english });
  assert.equal(picturesWanted(selection(older), [], [])[0].why, english);
  const failed = { id: "x1", exported: [{ item: "multicam", path: null, problem: english, problem_message: message }] };
  assert.match(madeOf(failed, [{ item: multicam, why: "" }], "picture").problems.multicam, /多机位/);
  useMessages({}, ", ");
});

test("an exported clip is wanted no more, until it is moved or trimmed", () => {
  const nest = item("nest", { needs_host_export: "nested" });
  const { made } = madeOf({ id: "x1", exported: [{ item: "nest", path: "/x/nest.mov" }] }, [{ item: nest, why: "" }], "picture");
  assert.deepEqual(picturesWanted(selection(nest), [], made), []);
  assert.equal(stillMeant(made, selection(nest)), made);
  const trimmed = { ...nest, placement: { ...nest.placement, record_duration: 40 } };
  assert.equal(picturesWanted(selection(trimmed), [], made).length, 1);
  assert.deepEqual(stillMeant(made, selection(trimmed)), []);
  assert.deepEqual(stillMeant(made, selection(item("other"))), []);
});

test("a clip of which no file came keeps its reason", () => {
  const wanted = ["a", "b", "c"].map((id) => ({ item: item(id), why: "" }));
  const exported = [
    { item: "a", path: "/x/a.mov", problem: null },
    { item: "b", path: null, problem: "it is offline" },
  ];
  const { made, problems } = madeOf({ id: "x1", exported }, wanted, "picture");
  assert.deepEqual([made.map((one) => one.item), problems], [["a"], { b: "it is offline", c: "" }]);
});

test("sounds that only the editor plays are asked for apart from pictures", () => {
  const mix = item("mix", { kind: "sound", needs_host_export: "a mix" });
  assert.deepEqual(
    soundsWanted(selection(item("a"), mix, item("plain", { kind: "sound" })), []).map(({ item: { id } }) => id),
    ["mix"],
  );
  assert.deepEqual(picturesWanted(selection(mix), [], []), []);
});

test("an export lasts about as long as its clips with their handles, at the timeline's own rate", () => {
  const two = [
    { item: item("a"), why: "" },
    { item: item("b"), why: "" },
  ];
  assert.equal(secondsOf(two, 12).toFixed(3), (((48 + 24) * 2 * 1001) / 24000).toFixed(3));
  assert.deepEqual([length(0.2), length(59.2), length(125), length(3661)], ["0:01", "1:00", "2:05", "1:01:01"]);
});

test("how takes lie follows what makes sense: a take of the clip and a patch never disable the original", () => {
  const choice = { mode: "take", mute: "clip", disable_original: true, handles: 8 };
  assert.deepEqual(layingOf(choice, { modes: ["track", "take"], kind: "full" }), { mode: "take", mute: "clip", disable_original: false });
  assert.deepEqual(layingOf(choice, { modes: ["track"], kind: "full" }), { mode: "track", mute: "clip", disable_original: true });
  assert.deepEqual(layingOf(choice, { modes: ["track", "take"], kind: "patch" }), { mode: "track", mute: "clip", disable_original: false });
});

test("a version in the place of another one lies on a track above: it works for patches, and where the editor knows it", () => {
  const choice = checked({ mode: "relink", mute: "none", disable_original: true, handles: 0 });
  const modes = /** @type {const} */ (["track", "relink"]);
  assert.deepEqual(layingOf(choice, { modes, kind: "full" }), { mode: "relink", mute: "none", disable_original: true });
  assert.equal(layingOf(choice, { modes, kind: "patch" }).mode, "relink");
  assert.equal(layingOf(choice, { modes: ["track", "take"], kind: "full" }).mode, "track");
});

test("what is remembered may be anybody's text", () => {
  assert.deepEqual(checked(null), DEFAULT_CHOICE);
  assert.deepEqual(checked({ mode: "x", mute: {}, disable_original: "yes", handles: "1e99" }), { ...DEFAULT_CHOICE, handles: 500 });
  assert.deepEqual([framesOf("12"), framesOf(-3), framesOf("a"), framesOf(2.6), framesOf(undefined)], [12, 0, 0, 3, 0]);
});

test("everything that was prepared is said in the request, exported sounds only where no file replaces them", () => {
  const work = {
    from: "clip",
    faces: { k: { number: 2, box: [0, 0, 1, 1], range: "/v 0 9" } },
    laying: { ...DEFAULT_CHOICE, handles: 5 },
    made: [
      { export: "x1", item: "a", kind: "picture" },
      { export: "x1", item: "b", kind: "picture" },
      { export: "x2", item: "c", kind: "sound" },
    ],
  };
  const draft = { name: "", folder: "", settings: { kind: "full" } };
  const prepared = { host: { id: "h", project: "p", modes: ["track"] }, selection: selection(item("a")), speech: null, work, draft };
  const asked = timelineRequest(prepared, true);
  assert.deepEqual(
    [asked.exports, asked.selection.faces, asked.selection.handles, asked.dry_run, asked.speech],
    [["x1", "x2"], { k: 2 }, 5, true, undefined],
  );
  assert.equal(asked.selection.ranges, undefined, "whole clips");
  const marked = timelineRequest({ ...prepared, selection: { ...prepared.selection, found_by: "marks", marks: [110, 310] } }, true);
  assert.deepEqual(marked.selection.ranges, [[110, 310]], "clips are cut to in and out");
  const withFile = timelineRequest({ ...prepared, speech: { upload: "u" } }, false);
  assert.deepEqual(
    [withFile.exports, withFile.speech, withFile.origin],
    [["x1"], { upload: "u" }, { kind: "host", host: "h", project: "p" }],
  );
  const heard = (speech) => timelineRequest({ ...prepared, speech, channels: [2, 3] }, false).selection.speech_channels;
  assert.deepEqual([heard({ upload: "u" }), heard(null), withFile.selection.speech_channels], [[2, 3], undefined, undefined]);
});

test("an estimate knows the takes' lengths, even where their files may not be named", () => {
  const rows = [
    row("a", { take_seconds: "1001/500", take_rate: "24000/1001" }),
    row("b", { take_seconds: "1/2", take_rate: null, placement: { rate: "25/1" } }),
    row("c", { take_seconds: null }),
  ];
  assert.deepEqual(
    lengthsOf(rows, { path: "/v" }).map((shot) => shot.end_exclusive),
    [48, 13],
  );
  assert.deepEqual(lengthsOf(rows, null), []);
});

test("an editor that says what it can is taken at its word, another is asked", () => {
  const view = { id: "r", app: "resolve", version: "21", project: "p", project_name: "Film", capabilities: ["place.take"], since: 0 };
  assert.deepEqual(
    [able(editorOf(view), "place.take"), able(editorOf(view), "export.picture"), able({ session: {} }, "export.picture")],
    [true, false, true],
  );
  assert.deepEqual(readRoute("#/host/a%2Fb", "new"), { view: "host", id: "a/b" });
});

test("who was chosen is found again where a trimmed clip numbers its faces anew, or nobody is", () => {
  const left = { number: 1, frame: 0, box: [0.1, 0.2, 0.3, 0.5], usable_share: 1 };
  const right = { number: 2, frame: 40, box: [0.6, 0.2, 0.8, 0.5], usable_share: 1 };
  assert.equal(
    sameFace(
      right,
      [left, right].map((face, k) => ({ ...face, number: 2 - k })),
    ).number,
    1,
  );
  assert.equal(sameFace(right, [left]), null);
  assert.equal(sameFace(right, []), null);
});

test("of several versions that were laid on a timeline, the last one lies there", () => {
  // the first version that was ever placed was taken for the one that lies there, so a switched take was offered for switching for ever
  const placed = (host, at) => ({ host, at, placement: {} });
  const takes = [
    takeView({ id: "a", placed: [placed("h", 5)] }),
    takeView({ id: "b", placed: [placed("h", 9), placed("other", 20)] }),
    takeView({ id: "c" }),
  ];
  assert.equal(takeThere(takes, "h").id, "b");
  assert.equal(takeThere([takeView({ id: "a", placed: [placed("h", 5), placed("h", 12)] }), takes[1]], "h").id, "a");
  assert.equal(takeThere(takes, "nobody"), null);
});

const KINDS = [
  { name: "premiere", title: "Premiere Pro", short_title: "Premiere", capabilities: ["place.track"], settings: { format: "prores" } },
  { name: "toy", title: "Toy Editor", short_title: "Toy", capabilities: ["place.take"], settings: { format: "ffv1", fit: "hold" } },
];

test("an editor that the page has never heard of is called what the server calls it, and can what its kind can", () => {
  knowEditors(KINDS);
  assert.deepEqual(
    [appName("toy"), shortName("toy"), editorName({ app: "toy", project_name: "Film" })],
    ["Toy Editor", "Toy", "Toy › Film"],
  );
  const knows = (app, capabilities) => known({ session: { app, capabilities } }, "place.take");
  assert.deepEqual(
    [knows("toy"), knows("toy", ["place.take"]), knows("toy", []), knows("premiere"), knows("unheard of")],
    [true, true, false, false, false],
  );
});

test("what an editor's timeline wants is the preset that says so, or settings of its own", () => {
  assert.equal(presetOf({ format: "dnxhr", sound: "none", fit: "hold" }), "timeline-resolve");
  assert.equal(presetOf({ format: "ffv1", fit: "hold" }), "custom");
  knowEditors(KINDS);
  const { draft } = new WorkStore("toy");
  assert.deepEqual([draft.value.preset, draft.value.settings.format, draft.value.settings.fit], ["custom", "ffv1", "hold"]);
  assert.equal(new WorkStore("unheard of").draft.value.preset, "timeline");
});
