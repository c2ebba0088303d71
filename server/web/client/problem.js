/** Whatever is not a success, as an error with the server's own sentence. */

/** What the server answered instead of a success. */
export class ServerProblem extends Error {
  /** @param {number} status 0 = the server could not be reached  @param {string} error class name  @param {string} message one sentence */
  constructor(status, error, message) {
    super(message);
    this.name = "ServerProblem";
    this.status = status;
    this.error = error;
  }
}

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
    const { error, message } = JSON.parse(text);
    if (typeof error === "string" && typeof message === "string") return new ServerProblem(status, error, message);
  } catch {
    // not JSON: somebody else's answer, a proxy's for instance
  }
  return new ServerProblem(status, "UnexpectedAnswer", fallback || `HTTP ${status}`);
}
