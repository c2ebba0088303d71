/**
 * Signed addresses for <img>, <video> and downloads of a signed-in browser, which cannot send the page's word. Those that are wanted in one
 * moment are asked for at once, and each is kept as long as it opens.
 */

const MOST_AT_ONCE = 200;
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
  /** @type {{path: string, resolve: (address: string) => void, reject: (error: unknown) => void}[]} */
  let waiting = [];
  let of = session();

  function forgetOthers() {
    if (of === session()) return;
    of = session();
    kept.clear();
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
      const ends = performance.now() + life_s * 1000;
      for (const [at, { path, resolve }] of batch.entries()) {
        if (by === session()) kept.set(path, { address: addresses[at], ends });
        resolve(addresses[at]);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  /** The address of a path under /api/v1, null = it has to be asked for. @param {string} path @returns {string | null} */
  function known(path) {
    forgetOthers();
    const found = kept.get(path);
    return found && found.ends - performance.now() > SPARE_MS ? found.address : null;
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

  return { known, get };
}
