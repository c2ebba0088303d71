/** Whatever is not a success, as an error with the server's own sentence, in the page's language. */

import { sentence } from "../messages.js";

/** What the server answered instead of a success. */
export class ServerProblem extends Error {
  /**
   * @param {number} status 0 = the server could not be reached
   * @param {string} error class name
   * @param {import("../messages.js").Message} said
   */
  constructor(status, error, said) {
    super(said.message);
    this.name = "ServerProblem";
    this.status = status;
    this.error = error;
    Object.defineProperty(this, "message", { get: () => sentence(said) }); // the language may change while it is shown
  }
}

/** Nobody answers at the server's address. */
export const unreachable = () =>
  new ServerProblem(0, "Unreachable", { code: "page.unreachable", message: "The render server does not answer." });

/** @param {unknown} error */
export const wasAborted = (error) => error instanceof DOMException && error.name === "AbortError";

/**
 * @param {Response} response
 * @returns {Promise<ServerProblem>}
 */
export async function problemOf(response) {
  const text = await response.text().catch(() => "");
  return problemFrom(response.status, text, response.statusText);
}

/** @param {number} status @param {string} text @param {string} fallback */
export function problemFrom(status, text, fallback) {
  try {
    const { error, code, params, message } = JSON.parse(text);
    if (typeof error === "string" && typeof message === "string") return new ServerProblem(status, error, { code, params, message });
  } catch {
    // not JSON: somebody else's answer, a proxy's for instance
  }
  return new ServerProblem(status, "UnexpectedAnswer", { message: fallback || `HTTP ${status}` });
}
