import assert from "node:assert/strict";
import { test } from "node:test";

import { EMPTY, reduce } from "../../server/web/client/reducer.js";
import { event, jobView, shotView, takeView } from "./helpers.mjs";

const welcome = { type: "welcome", epoch: "e1", seq: 5, scope: "page" };
const play = (messages, state = EMPTY) => messages.reduce(reduce, state);
const progress = {
  type: "progress",
  job: "j1",
  shot: "s1",
  stage: "render",
  frames_done: 4,
  frames_total: 10,
  fps: 2,
  eta_s: 3,
  job_frames_done: 4,
  job_frames_total: 10,
  job_eta_s: 3,
};

test("a snapshot replaces all that was known and tells views to ask again", () => {
  const before = play([welcome, { type: "snapshot", epoch: "e1", seq: 1, jobs: [jobView({ id: "old" })] }]);
  const after = play([{ type: "snapshot", epoch: "e1", seq: 9, jobs: [jobView({ id: "new" })] }], before);
  assert.deepEqual(Object.keys(after.jobs), ["new"]);
  assert.equal(after.seq, 9);
  assert.ok(after.generation > before.generation);
});

test("an event that was seen before changes nothing", () => {
  const once = play([welcome, event(6, { kind: "job.added", job: jobView() })]);
  assert.equal(play([event(6, { kind: "job.deleted", id: "j1" })], once), once);
});

test("another epoch forgets the old numbers, so new events are not taken for old ones", () => {
  const before = play([welcome, event(600, { kind: "job.added", job: jobView() })]);
  const after = play([{ ...welcome, epoch: "e2", seq: 0 }, event(1, { kind: "job.added", job: jobView({ id: "j2" }) })], before);
  assert.deepEqual(Object.keys(after.jobs), ["j2"]);
  assert.equal(after.seq, 1);
});

test("progress from before a lost connection is not shown after it", () => {
  const before = play([welcome, progress]);
  assert.ok(before.progress.s1);
  assert.deepEqual(play([welcome], before).progress, {});
});

test("progress ends with the shot, and a late one does not bring it back", () => {
  const done = play([welcome, progress, event(6, { kind: "shot.changed", shot: shotView({ state: "done" }) }), progress]);
  assert.deepEqual(done.progress, {});
});

test("an answer that was asked for before an event never replaces what the event said", () => {
  const state = play([
    welcome,
    event(6, { kind: "job.changed", job: jobView({ state: "completed" }) }),
    { type: "jobs.loaded", jobs: [jobView({ state: "active" })], asOf: 5 },
  ]);
  assert.equal(state.jobs.j1.state, "completed");
});

test("an answer that was asked for after the event is the newer one", () => {
  const state = play([
    welcome,
    event(6, { kind: "job.changed", job: jobView({ state: "active" }) }),
    { type: "jobs.loaded", jobs: [jobView({ state: "completed" })], asOf: 6 },
  ]);
  assert.equal(state.jobs.j1.state, "completed");
});

test("a loaded job keeps the shots that changed meanwhile", () => {
  const detail = { job: jobView(), shots: [shotView({ state: "queued" }), shotView({ id: "s2", state: "queued" })] };
  const state = play([
    welcome,
    event(6, { kind: "shot.changed", shot: shotView({ state: "done" }) }),
    { type: "job.loaded", detail, asOf: 5 },
  ]);
  assert.deepEqual(
    Object.values(state.shots.j1).map((shot) => shot.state),
    ["done", "queued"],
  );
});

test("a deleted job takes its shots and takes along and does not come back with a late answer", () => {
  const state = play([
    welcome,
    { type: "job.loaded", detail: { job: jobView(), shots: [shotView({ takes: [takeView()] })] }, asOf: 5 },
    event(6, { kind: "job.deleted", id: "j1" }),
    { type: "jobs.loaded", jobs: [jobView()], asOf: 5 },
    { type: "takes.loaded", takes: [takeView()], asOf: 5 },
  ]);
  assert.deepEqual([state.jobs, state.shots, state.takes], [{}, {}, {}]);
});

test("what this page deleted is gone at once, whether the answer or the event comes first", () => {
  const detail = { job: jobView(), shots: [shotView({ takes: [takeView()] })] };
  const loaded = play([welcome, { type: "job.loaded", detail, asOf: 5 }]);
  const take = play([{ type: "deleted", take: "t1" }, event(6, { kind: "take.deleted", id: "t1" })], loaded);
  assert.deepEqual([take.takes, take.shots.j1.s1.takes, take.gone], [{}, [], { t1: true }]);
  const job = play([{ type: "deleted", job: "j1" }, event(6, { kind: "job.deleted", id: "j1" })], loaded);
  assert.deepEqual([job.jobs, job.shots, job.takes], [{}, {}, {}]);
});

test("a new take appears among its shot's versions in order", () => {
  const detail = { job: jobView(), shots: [shotView({ takes: [takeView()] })] };
  const state = play([
    welcome,
    { type: "job.loaded", detail, asOf: 5 },
    event(6, { kind: "take.added", take: takeView({ id: "t2", version: 2 }) }),
    event(7, { kind: "take.deleted", id: "t1" }),
  ]);
  assert.deepEqual(
    state.shots.j1.s1.takes.map((take) => take.id),
    ["t2"],
  );
  assert.deepEqual(Object.keys(state.takes), ["t2"]);
});

test("the same folder is asked for once until somebody answers", () => {
  const ask = { type: "consent", folder: "/media", wanted_by: "a new job" };
  const asked = play([ask, ask]);
  assert.equal(asked.consents.length, 1);
  assert.equal(play([{ type: "consent.answered", folder: "/media" }], asked).consents.length, 0);
});

const logLine = (number) => ({ type: "log", job: "j1", shot: null, at: number, level: "info", message: `${number}`, number });

test("a log keeps its newest thousand lines", () => {
  const { logs } = play(Array.from({ length: 1200 }, (_, k) => logLine(k + 1)));
  assert.equal(logs.j1.length, 1000);
  assert.equal(logs.j1[999].message, "1200");
});

test("a line that is written while the older ones come is shown once, at its place", () => {
  const { logs } = play([3, 1, 2, 3, 4].map(logLine));
  assert.deepEqual(
    logs.j1.map((line) => line.number),
    [1, 2, 3, 4],
  );
});
