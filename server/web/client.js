/**
 * The client of the render server: API calls, live state, events that survive a lost connection. No framework, no page: panels reuse it.
 *
 *     const client = makeClient({ base: "http://127.0.0.1:8765", token });
 *     client.subscribe(() => show(client.state));
 *     client.connect();
 */

/** @import * as Wire from "./wire.js" */
/** @import { Local } from "./client/reducer.js" */
/** @import { Preview } from "./client/socket.js" */
import { makeApi } from "./client/http.js";
import { EMPTY, reduce } from "./client/reducer.js";
import { openSocket } from "./client/socket.js";

const LINES_TOLD_MS = 50; // a log that is opened comes as a thousand lines at once

export { ServerProblem, wasAborted } from "./client/problem.js";

/** @typedef {ReturnType<typeof makeClient>} Client */

/**
 * @param {{base?: string, token?: string | null, word?: () => string | null, waitMs?: (attempt: number) => number, WebSocket?: typeof WebSocket}} [options]
 *   base: "" = the page's own origin. token: null = by cookie, with the page's `word`.
 */
export function makeClient({ base = "", token = null, word = () => null, waitMs, WebSocket: Socket } = {}) {
  /** @type {import("./client/http.js").Credentials} */
  const who = { token, word };
  const api = makeApi(base, who);
  let state = EMPTY;
  /** @type {Set<() => void>} */
  const listeners = new Set();
  /** @type {Set<(preview: Preview) => void>} */
  const watchers = new Set();
  /** @type {Map<string, number>} */
  const logs = new Map();
  /** @type {ReturnType<typeof openSocket> | null} */
  let socket = null;

  /** Set while log lines have come that nobody was told of. @type {ReturnType<typeof setTimeout> | undefined} */
  let telling;

  /** @param {Wire.ToClient | Local} message */
  function dispatch(message) {
    const next = reduce(state, message);
    if (next === state) return;
    state = next;
    if (message.type === "log") telling ??= setTimeout(tell, LINES_TOLD_MS);
    else tell();
  }

  function tell() {
    clearTimeout(telling);
    telling = undefined;
    for (const listener of listeners) listener();
  }

  const wanted = () => ({ previews: watchers.size > 0, logs: [...logs.keys()] });

  function connect() {
    if (socket) return socket.reconnect();
    const here = base || location.origin;
    socket = openSocket({
      url: `${here.replace(/^http/, "ws")}/api/v1/events`,
      token: () => who.token,
      word: who.word,
      seen: () => ({ since: state.seq < 0 ? null : state.seq, epoch: state.epoch }),
      wanted,
      onMessage: dispatch,
      onPreview: (preview) => {
        for (const watcher of watchers) watcher(preview);
      },
      onConnection: (connection) => dispatch({ type: "connection", connection }),
      waitMs,
      WebSocket: Socket,
    });
  }

  return {
    api,
    who,
    base,
    get state() {
      return state;
    },
    dispatch,
    connect,
    close() {
      socket?.close();
      socket = null;
    },
    /**
     * Resolves when the server's state has come, so that what is loaded from then on is kept true by events; or after `withinMs` without
     * it.
     * @param {number} withinMs
     */
    settled(withinMs) {
      const has = () => state.seq >= 0 || state.connection === "refused";
      return new Promise((/** @type {(value: void) => void} */ resolve) => {
        const end = () => {
          clearTimeout(timer);
          listeners.delete(look);
          resolve();
        };
        const look = () => has() && end();
        const timer = setTimeout(end, withinMs);
        listeners.add(look);
        look();
      });
    },
    /** @param {() => void} listener called after every change, of log lines after some at once @returns {() => void} unsubscribe */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** Pictures of frames being rendered come while anybody watches. @param {(preview: Preview) => void} watcher @returns {() => void} */
    watchPreviews(watcher) {
      watchers.add(watcher);
      if (watchers.size === 1) socket?.follow();
      return () => {
        watchers.delete(watcher);
        if (watchers.size === 0) socket?.follow();
      };
    },
    /** The lines of a job's log so far and as they are written, while anybody follows it. @param {string} job @returns {() => void} */
    followLog(job) {
      logs.set(job, (logs.get(job) ?? 0) + 1);
      socket?.follow();
      return () => {
        const left = (logs.get(job) ?? 1) - 1;
        if (left > 0) logs.set(job, left);
        else logs.delete(job);
        socket?.follow();
      };
    },
    /** @param {string} id @param {AbortSignal} [signal] */
    async loadJob(id, signal) {
      const asOf = state.seq;
      const detail = await api.job(id, { signal });
      dispatch({ type: "job.loaded", detail, asOf });
      return detail;
    },
    /** @param {Parameters<typeof api.jobs>[0]} by @param {AbortSignal} [signal] */
    async loadJobs(by, signal) {
      const asOf = state.seq;
      const page = await api.jobs(by, { signal });
      dispatch({ type: "jobs.loaded", jobs: page.jobs, asOf });
      return page;
    },
    /** @param {Parameters<typeof api.takes>[0]} by @param {AbortSignal} [signal] */
    async loadTakes(by, signal) {
      const asOf = state.seq;
      const page = await api.takes(by, { signal });
      api.keepPosters(page);
      dispatch({ type: "takes.loaded", takes: page.takes, asOf });
      return page;
    },
    /** @param {string} job @param {boolean} force */
    async deleteJob(job, force) {
      await api.deleteJob(job, force);
      dispatch({ type: "deleted", job });
    },
    /** @param {string} take @param {boolean} force */
    async deleteTake(take, force) {
      await api.deleteTake(take, force);
      dispatch({ type: "deleted", take });
    },
    /** Puts a deleted take back where it was. @param {string} take */
    async restore(take) {
      const asOf = state.seq;
      const back = await api.restore(take);
      dispatch({ type: "restored", take });
      dispatch({ type: "takes.loaded", takes: [back], asOf });
    },
    /** @param {string} folder */
    async allow(folder) {
      await api.allow(folder);
      dispatch({ type: "consent.answered", folder });
    },
  };
}
