/** What the tests of the page's modules share. */

/** @param {object} [change] */
export const jobView = (change) => ({
  id: "j1",
  name: "job",
  state: "active",
  why: null,
  priority: 50,
  created: 1,
  updated: 1,
  origin: { kind: "page", host: null, project: null },
  folder: "/takes",
  timeline: null,
  settings: {},
  shots_total: 1,
  shots_done: 0,
  shots_failed: 0,
  frames_done: 0,
  frames_total: null,
  fps: null,
  eta_s: null,
  ...change,
});

/** @param {object} [change] */
export const shotView = (change) => ({
  id: "s1",
  job: "j1",
  position: 0,
  name: "shot",
  state: "rendering",
  why: null,
  stage: null,
  frames_done: 0,
  frames_total: 10,
  fps: null,
  eta_s: null,
  request: { video: { path: "/v" }, speech: { path: "/s" } },
  reused: { tracks: false, speech: false, plan: false, segments: 0 },
  attempts: [],
  segments: [],
  takes: [],
  ...change,
});

/** @param {object} [change] */
export const takeView = (change) => ({
  id: "t1",
  job: "j1",
  shot: "s1",
  version: 1,
  name: "a_v1.mov",
  path: "/takes/a_v1.mov",
  size_bytes: 1,
  sha256: "",
  frames: 10,
  rate: "25/1",
  width: 4,
  height: 4,
  start_timecode: null,
  format: "prores",
  created: 1,
  settings: {},
  pinned: false,
  placed: [],
  weak: [],
  notices: [],
  missing: false,
  ...change,
});

/** @param {number} seq @param {object} what */
export const event = (seq, what) => ({ type: "event", seq, at: 0, job: null, shot: null, take: null, id: null, message: null, ...what });
