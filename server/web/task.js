/**
 * One asynchronous thing: its four states, its newest call only. A late answer of an earlier call never overwrites a newer one, and an
 * earlier call's request is aborted (the server may still have done its work; aborting only stops waiting).
 */

/**
 * @template T
 * @typedef {{status: "initial", value: null, error: null} | {status: "pending", value: T | null, error: null}
 *   | {status: "complete", value: T, error: null} | {status: "error", value: T | null, error: Error}} Outcome
 */

/** @template {unknown[]} A @template T */
export class Task {
  /** @param {(signal: AbortSignal, ...args: A) => Promise<T>} work @param {() => void} changed called after every change of `now` */
  constructor(work, changed) {
    this.work = work;
    this.changed = changed;
    /** @type {Outcome<T>} */
    this.now = { status: "initial", value: null, error: null };
    /** @type {AbortController | null} */
    this.calling = null;
  }

  /** @param {A} args */
  async run(...args) {
    this.calling?.abort();
    const mine = new AbortController();
    this.calling = mine;
    this.#become({ status: "pending", value: this.now.value, error: null });
    try {
      const value = await this.work(mine.signal, ...args);
      if (this.calling === mine) this.#become({ status: "complete", value, error: null });
    } catch (error) {
      if (this.calling !== mine || mine.signal.aborted) return;
      this.#become({ status: "error", value: this.now.value, error: error instanceof Error ? error : new Error(String(error)) });
    }
  }

  /** Forgets the call under way and what it would say. */
  stop() {
    this.calling?.abort();
    this.calling = null;
    if (this.now.status === "pending") this.#become({ status: "initial", value: null, error: null });
  }

  /** @param {Outcome<T>} outcome */
  #become(outcome) {
    this.now = outcome;
    this.changed();
  }
}
