/** What views need from outside: the client and its state, asynchronous work, media by URL, sizes. */

import { createContext, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./html.js";
import { Task } from "../task.js";

/**
 * @typedef {object} App
 * @property {import("../client.js").Client} client
 * @property {import("../wire.js").Info} info
 * @property {import("../host.js").HostLink | null} host the editor whose panel shows the page
 * @property {(text: string, kind?: "info" | "error", undo?: () => Promise<unknown>) => void} say a passing message; undo: takes back what it tells
 * @property {() => Promise<void>} refresh asks the server anew what it can do
 */

export const AppContext = createContext(/** @type {App} */ (/** @type {unknown} */ (null)));
export const useApp = () => useContext(AppContext);

/**
 * A part of the client's state; drawn again only when that part changes.
 * @template T
 * @param {(state: import("../client/reducer.js").State) => T} select
 * @returns {T}
 */
export function useLive(select) {
  const { client } = useApp();
  return useShared(client, () => select(client.state));
}

/** @template T @param {{subscribe: (listener: () => void) => () => void}} source @param {() => T} read @returns {T} */
export function useShared(source, read) {
  const value = read();
  const [, draw] = useState({});
  const latest = useRef({ read, value });
  latest.current = { read, value };
  useEffect(() => {
    const check = () => {
      if (!Object.is(latest.current.read(), latest.current.value)) draw({});
    };
    check();
    return source.subscribe(check);
  }, [source]);
  return value;
}

/** @template T @param {import("../store.js").Store<T>} store @returns {T} */
export const useStore = (store) => useShared(store, () => store.value);

/**
 * Runs `work` whenever `deps` change, and again on `again()`.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} work
 * @param {unknown[]} deps
 * @param {{waitMs?: number, when?: boolean}} [options]
 * @returns {import("../task.js").Outcome<T> & {again: () => void}}
 */
export function useTask(work, deps, { waitMs = 0, when = true } = {}) {
  const [, draw] = useState({});
  const newest = useRef(work);
  newest.current = work;
  const task = useMemo(
    () =>
      new Task(
        (signal) => newest.current(signal),
        () => draw({}),
      ),
    [],
  );
  useLayoutEffect(() => {
    if (!when) return task.stop();
    if (!waitMs) return void task.run(); // before the next paint, not after it
    const timer = setTimeout(() => void task.run(), waitMs);
    return () => clearTimeout(timer);
  }, [...deps, when]);
  useEffect(() => () => task.stop(), []);
  return { ...task.now, again: () => void task.run() };
}

/** One press of a button: busy while it runs, its error said. @returns {[boolean, (work: () => Promise<unknown>) => Promise<void>]} */
export function useAction() {
  const { say } = useApp();
  const [busy, setBusy] = useState(false);
  const running = useRef(false);
  /** @param {() => Promise<unknown>} work */
  async function act(work) {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    try {
      await work();
    } catch (error) {
      say(error instanceof Error ? error.message : String(error), "error");
    } finally {
      running.current = false;
      setBusy(false);
    }
  }
  return [busy, act];
}

/** An object URL that lives as long as it is shown. @param {Blob | null | undefined} blob @returns {string | null} */
export function useBlobUrl(blob) {
  const url = useMemo(() => (blob ? URL.createObjectURL(blob) : null), [blob]);
  useEffect(() => () => void (url && URL.revokeObjectURL(url)), [url]);
  return url;
}

/**
 * Address of something under /api/v1 for <img> and <video>. A browser asks by a signed address, in ranges; inside a panel the file is
 * fetched with the bearer token, which no address may carry.
 * @param {string | null} path
 * @returns {{url: string | null, error: Error | null, renew: () => boolean}} renew: after the address failed; false = another one will not help
 */
export function useMediaUrl(path) {
  const { client } = useApp();
  const byToken = client.who.token !== null;
  const file = useTask(async (signal) => (await client.api.send("GET", path ?? "", undefined, { signal })).blob(), [path], {
    when: byToken && path !== null,
  });
  const blobUrl = useBlobUrl(byToken ? file.value : null);
  const [signed, setSigned] = useState(/** @type {{path: string, url: string} | null} */ (null));
  const atFirst = useMemo(() => (byToken || path === null ? null : client.api.addresses.known(path)), [path]); // no flicker while scrolling
  const known = signed?.path === path ? signed.url : atFirst;
  const asking = useTask(async () => setSigned({ path: path ?? "", url: await client.api.addresses.get(path ?? "") }), [path], {
    when: !byToken && path !== null && known === null,
  });
  const live = useLive((state) => state.connection === "open");
  // What failed because the server was away is asked for again when it is back.
  useEffect(() => void (live && asking.status === "error" && asking.again()), [live]);
  function renew() {
    if (byToken || path === null || known === null || !client.api.addresses.renew(path, known)) return false;
    asking.again();
    return true;
  }
  if (path === null) return { url: null, error: null, renew };
  return byToken ? { url: blobUrl, error: file.error, renew } : { url: known, error: known ? null : asking.error, renew };
}

/** Width and height of an element in CSS pixels. @param {{current: Element | null}} ref */
export function useSize(ref) {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => setSize({ width: entry.contentRect.width, height: entry.contentRect.height }));
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref.current]);
  return size;
}

/** Seconds since 1970, once a second while `running`. @param {boolean} running */
export function useClock(running) {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now() / 1000), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
