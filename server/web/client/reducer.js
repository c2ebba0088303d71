/**
 * What is known about the server's work, as one immutable value, and how each message changes it. Pure.
 *
 * Numbered events may meet answers that were asked for before them: `changedAt` remembers by which event a thing was last changed, and an
 * older answer never replaces it. A snapshot forgets everything; `generation` then tells views to ask again for what they show.
 */

/** @import * as Wire from "../wire.js" */

/** connecting: first time. open: live. waiting: lost, tries again by itself. refused: needs a new sign-in or token. closed: on purpose.
 * @typedef {"connecting" | "open" | "waiting" | "refused" | "closed"} Connection */

/**
 * @typedef {object} State
 * @property {Connection} connection
 * @property {string | null} epoch
 * @property {number} seq of the last event seen, -1 = none
 * @property {Wire.Scope | null} scope
 * @property {number} generation rises whenever everything was forgotten
 * @property {Record<string, Wire.JobView>} jobs by id
 * @property {Record<string, Record<string, Wire.ShotView>>} shots by job and id; only of jobs that were loaded or changed
 * @property {Record<string, Wire.TakeView>} takes by id
 * @property {Record<string, Wire.ProgressNow>} progress by shot, only while it is worked on and the socket is open
 * @property {Record<string, Wire.LogLine[]>} logs by job, the newest thousand lines
 * @property {readonly Wire.HostView[]} hosts
 * @property {readonly Wire.ConsentWanted[]} consents questions not answered yet
 * @property {import("../messages.js").Message | null} notice what is wrong with the server as a whole
 * @property {Wire.Refused | null} refused
 * @property {Record<string, number>} changedAt event number of the last change, by id
 * @property {Record<string, true>} gone ids of what was deleted
 */

/** @type {State} */
export const EMPTY = {
  connection: "connecting",
  epoch: null,
  seq: -1,
  scope: null,
  generation: 0,
  jobs: {},
  shots: {},
  takes: {},
  progress: {},
  logs: {},
  hosts: [],
  consents: [],
  notice: null,
  refused: null,
  changedAt: {},
  gone: {},
};

/**
 * @typedef {{type: "connection", connection: Connection}
 *   | {type: "jobs.loaded", jobs: Wire.JobView[], asOf: number}
 *   | {type: "job.loaded", detail: Wire.JobDetail, asOf: number}
 *   | {type: "takes.loaded", takes: Wire.TakeView[], asOf: number}
 *   | {type: "consent.answered", folder: string}
 *   | {type: "deleted", job?: string, take?: string}
 *   | {type: "restored", take: string}} Local
 */

const LOG_LINES = 1000;
const WORKED_ON = new Set(["planning", "rendering", "joining"]);

/** @param {State} state @param {Wire.ToClient | Local} message @returns {State} */
export function reduce(state, message) {
  switch (message.type) {
    case "connection":
      return { ...state, connection: message.connection };
    case "welcome":
      return welcomed(state, message);
    case "snapshot":
      return { ...forgotten(state), epoch: message.epoch, seq: message.seq, jobs: byId(message.jobs) };
    case "event":
      return message.seq <= state.seq ? state : happened({ ...state, seq: message.seq }, message);
    case "progress":
      return progressed(state, message);
    case "log":
      return logged(state, message);
    case "hosts":
      return { ...state, hosts: message.hosts };
    case "consent":
      return state.consents.some((one) => one.folder === message.folder) ? state : { ...state, consents: [...state.consents, message] };
    case "refused":
      return { ...state, refused: message };
    case "consent.answered":
      return { ...state, consents: state.consents.filter((one) => one.folder !== message.folder) };
    case "deleted": // the answer may come before the event
      return message.job ? jobDeleted(state, message.job) : message.take ? takeDeleted(state, message.take) : state;
    case "restored":
      return { ...state, gone: without(state.gone, message.take) };
    case "jobs.loaded":
      return { ...state, jobs: merged(state, state.jobs, message.jobs, message.asOf) };
    case "job.loaded":
      return jobLoaded(state, message.detail, message.asOf);
    case "takes.loaded":
      return { ...state, takes: merged(state, state.takes, message.takes, message.asOf) };
    case "proven":
      return state;
  }
}

/** Progress is not numbered: what was true before the gap is not shown after it. @param {State} state @param {Wire.Welcome} message */
function welcomed(state, message) {
  const known = state.epoch === null || state.epoch === message.epoch ? state : forgotten(state);
  return { ...known, connection: /** @type {const} */ ("open"), epoch: message.epoch, scope: message.scope, progress: {}, refused: null };
}

/** @param {State} state @returns {State} */
function forgotten(state) {
  return {
    ...state,
    seq: -1,
    generation: state.generation + 1,
    jobs: {},
    shots: {},
    takes: {},
    progress: {},
    notice: null,
    changedAt: {},
    gone: {},
  };
}

/** @param {State} state @param {Wire.Happened} event @returns {State} */
function happened(state, event) {
  switch (event.kind) {
    case "job.added":
    case "job.changed":
      return event.job ? changed({ ...state, jobs: { ...state.jobs, [event.job.id]: event.job } }, event.job.id) : state;
    case "job.deleted":
      return event.id ? jobDeleted(state, event.id) : state;
    case "shot.changed":
      return event.shot ? shotChanged(state, event.shot) : state;
    case "take.added":
    case "take.changed":
      return event.take ? takeChanged(state, event.take) : state;
    case "take.deleted":
      return event.id ? takeDeleted(state, event.id) : state;
    case "server.changed":
      return { ...state, notice: event.message === null ? null : { ...event, message: event.message } };
  }
}

/** @param {State} state @param {string} id @returns {State} */
const changed = (state, id) => ({ ...state, changedAt: { ...state.changedAt, [id]: state.seq } });

/** @param {State} state @param {Wire.ShotView} shot @returns {State} */
function shotChanged(state, shot) {
  const shots = { ...state.shots, [shot.job]: { ...state.shots[shot.job], [shot.id]: shot } };
  const progress = WORKED_ON.has(shot.state) ? state.progress : without(state.progress, shot.id);
  return changed({ ...state, shots, progress }, shot.id);
}

/** @param {State} state @param {Wire.LogLine} line @returns {State} */
function logged(state, line) {
  const known = state.logs[line.job] ?? [];
  const lines = withLine(known, line);
  return lines === known ? state : { ...state, logs: { ...state.logs, [line.job]: lines } };
}

/**
 * The lines with one more, in the order of their numbers. The same line may come twice and before older ones.
 * @param {Wire.LogLine[]} lines
 * @param {Wire.LogLine} line
 */
function withLine(lines, line) {
  const last = lines[lines.length - 1];
  if (last === undefined || last.number < line.number) return [...lines, line].slice(-LOG_LINES); // nearly always
  if (lines.some((one) => one.number === line.number)) return lines;
  return [...lines, line].sort((one, other) => one.number - other.number).slice(-LOG_LINES);
}

/** @param {State} state @param {Wire.TakeView} take @returns {State} */
function takeChanged(state, take) {
  return changed(
    {
      ...withShotTakes({ ...state, gone: without(state.gone, take.id) }, take, (takes) =>
        sorted([...takes.filter((one) => one.id !== take.id), take]),
      ),
      takes: { ...state.takes, [take.id]: take },
    },
    take.id,
  );
}

/** @param {State} state @param {string} id @returns {State} */
function takeDeleted(state, id) {
  const take = state.takes[id];
  const left = take ? withShotTakes(state, take, (takes) => takes.filter((one) => one.id !== id)) : state;
  return { ...left, takes: without(left.takes, id), gone: { ...left.gone, [id]: /** @type {const} */ (true) } };
}

/** @param {State} state @param {string} id @returns {State} */
function jobDeleted(state, id) {
  const takes = Object.values(state.takes).filter((take) => take.job === id);
  const gone = Object.fromEntries([id, ...takes.map((take) => take.id)].map((one) => [one, /** @type {const} */ (true)]));
  return {
    ...state,
    jobs: without(state.jobs, id),
    shots: without(state.shots, id),
    logs: without(state.logs, id),
    takes: Object.fromEntries(Object.entries(state.takes).filter(([, take]) => take.job !== id)),
    gone: { ...state.gone, ...gone },
  };
}

/** @param {State} state @param {Wire.ProgressNow} now @returns {State} */
function progressed(state, now) {
  const shot = state.shots[now.job]?.[now.shot];
  if (shot && !WORKED_ON.has(shot.state)) return state;
  return { ...state, progress: { ...state.progress, [now.shot]: now } };
}

/** @param {State} state @param {Wire.JobDetail} detail @param {number} asOf @returns {State} */
function jobLoaded(state, { job, shots }, asOf) {
  if (state.gone[job.id]) return state;
  const known = state.shots[job.id] ?? {};
  const loaded = Object.fromEntries(
    shots.map((shot) => [shot.id, isNewer(state, shot.id, asOf) && known[shot.id] ? known[shot.id] : shot]),
  );
  return {
    ...state,
    jobs: merged(state, state.jobs, [job], asOf),
    shots: { ...state.shots, [job.id]: loaded },
    takes: merged(
      state,
      state.takes,
      shots.flatMap((shot) => shot.takes),
      asOf,
    ),
  };
}

/** @param {State} state @param {string} id @param {number} asOf */
const isNewer = (state, id, asOf) => (state.changedAt[id] ?? -1) > asOf;

/**
 * @template {{id: string}} T
 * @param {State} state @param {Record<string, T>} known @param {T[]} loaded @param {number} asOf @returns {Record<string, T>}
 */
function merged(state, known, loaded, asOf) {
  const fresh = loaded.filter((one) => !state.gone[one.id] && !(known[one.id] && isNewer(state, one.id, asOf)));
  return { ...known, ...byId(fresh) };
}

/** @param {State} state @param {Wire.TakeView} take @param {(takes: Wire.TakeView[]) => Wire.TakeView[]} change @returns {State} */
function withShotTakes(state, take, change) {
  const shot = state.shots[take.job]?.[take.shot];
  if (!shot) return state;
  const updated = { ...shot, takes: change(shot.takes) };
  return { ...state, shots: { ...state.shots, [take.job]: { ...state.shots[take.job], [shot.id]: updated } } };
}

/** @param {Wire.TakeView[]} takes */
const sorted = (takes) => takes.sort((a, b) => a.version - b.version);

/** @template {{id: string}} T @param {readonly T[]} list @returns {Record<string, T>} */
const byId = (list) => Object.fromEntries(list.map((one) => [one.id, one]));

/** @template T @param {Record<string, T>} record @param {string} key @returns {Record<string, T>} */
function without(record, key) {
  if (!(key in record)) return record;
  const { [key]: _, ...rest } = record;
  return rest;
}
