/**
 * Signed addresses for <img>, <video> and downloads of a signed-in browser, which cannot send the page's word. Those that are wanted in one
 * moment are asked for at once, and each is kept as long as it opens.
 */

const MOST_AT_ONCE = 200;
const SECOND = "#again"; // of an address that was asked for after it had failed: a part that no server sees, which makes a browser load anew
const SPARE_MS = 300_000; // an address that ends so soon is not handed out any more: a picture may be fetched some time later

/**
 * @param {(paths: string[]) => Promise<{addresses: string[], life_s: number}>} ask
 * @param {() => unknown} session addresses of another one open nothing
 */
export function makeAddresses(ask, session) {
  /** @type {Map<string, {address: string, ends: number}>} */
  const kept = new Map();
  /** @type {Map<string, Promise<string>>} */
  const asked = new Map();
  /** Paths whose address failed before it had ended. @type {Set<string>} */
  const failed = new Set();
  /** @type {{path: string, resolve: (address: string) => void, reject: (error: unknown) => void}[]} */
  let waiting = [];
  let of = session();

  function forgetOthers() {
    if (of === session()) return;
    of = session();
    kept.clear();
    failed.clear();
  }

  function askAll() {
    for (; waiting.length; waiting = waiting.slice(MOST_AT_ONCE)) void askFor(waiting.slice(0, MOST_AT_ONCE));
  }

  /** @param {typeof waiting} batch */
  async function askFor(batch) {
    for (const { path } of batch) asked.delete(path);
    try {
      const by = session();
      const { addresses, life_s } = await ask(batch.map(({ path }) => path));
      const ends = Date.now() + life_s * 1000; // not performance.now(), which may stand still while the machine sleeps
      for (const [at, { path, resolve }] of batch.entries()) {
        const address = failed.has(path) ? addresses[at] + SECOND : addresses[at];
        if (by === session()) kept.set(path, { address, ends });
        resolve(address);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  /** The address of a path under /api/v1, null = it has to be asked for. @param {string} path @returns {string | null} */
  function known(path) {
    forgetOthers();
    const found = kept.get(path);
    if (!found || found.ends - Date.now() > SPARE_MS) return found?.address ?? null;
    kept.delete(path);
    failed.delete(path);
    return null;
  }

  /** @param {string} path @returns {Promise<string>} */
  function get(path) {
    const found = known(path);
    if (found) return Promise.resolve(found);
    const already = asked.get(path);
    if (already) return already;
    const answer = new Promise((resolve, reject) => waiting.push({ path, resolve, reject }));
    asked.set(path, answer);
    if (waiting.length === 1) queueMicrotask(askAll);
    return answer;
  }

  /**
   * What came signed with a list, so that it is known when the list is drawn.
   * @param {string[]} paths @param {{addresses: string[], life_s: number}} signed in the same order; "" = none
   */
  function keep(paths, { addresses, life_s }) {
    const ends = Date.now() + life_s * 1000;
    for (const [at, path] of paths.entries()) {
      if (addresses[at] && known(path) === null && !failed.has(path)) kept.set(path, { address: addresses[at], ends });
    }
  }

  /**
   * After an address did not open. true = ask for it again: it has ended, or this was its first failure, which may have had another cause
   * than the file (a clock that was set, a server that was restarted). false = the file does not open.
   * @param {string} path @param {string} address
   */
  function renew(path, address) {
    if (known(path) !== address) return true;
    if (failed.has(path)) return false;
    kept.delete(path);
    failed.add(path);
    return true;
  }

  return { known, get, keep, renew };
}
