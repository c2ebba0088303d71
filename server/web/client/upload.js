/** Sending a file, with word of how far it is. */

/** @import * as Wire from "../wire.js" */
import { problemFrom, unreachable } from "./problem.js";

/** @typedef {{onProgress?: (sentBytes: number, totalBytes: number) => void, signal?: AbortSignal}} UploadOptions */

/**
 * XMLHttpRequest, since `fetch` does not tell how much it has sent.
 * @param {string} url @param {File} file @param {Record<string, string>} headers @param {UploadOptions} options
 * @returns {Promise<Wire.UploadView>}
 */
export function upload(url, file, headers, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    if (signal?.aborted) return reject(new DOMException("The upload was stopped.", "AbortError"));
    signal?.addEventListener("abort", stop, { once: true });
    request.upload.onprogress = (event) => onProgress?.(event.loaded, file.size);
    request.onabort = () => reject(new DOMException("The upload was stopped.", "AbortError"));
    request.onerror = () => reject(unreachable());
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText));
      else reject(problemFrom(request.status, request.responseText, request.statusText));
    };
    request.onloadend = () => signal?.removeEventListener("abort", stop);
    request.open("POST", url);
    for (const [name, value] of Object.entries({ ...headers, "Content-Type": "application/octet-stream" }))
      request.setRequestHeader(name, value);
    request.send(file);
  });
}
