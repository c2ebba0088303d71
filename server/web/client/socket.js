/**
 * The live connection: says hello with the number of the last event it saw, so nothing is missed and nothing comes twice; when it is lost
 * it comes back by itself, waiting longer each time. With a bearer token the server must first prove that it knows the token; without one
 * the hello carries the page's word.
 *
 * It reports and never decides: what messages mean is the reducer's business.
 */

/** @import * as Wire from "../wire.js" */
import { grantOf, newNonce, proofOf } from "./http.js";

const WAITS_MS = [250, 500, 1000, 2000, 4000, 8000];
const PROOF_MS = 5000;
/** Errors after which trying again with the same credentials is pointless. */
const NEEDS_SIGN_IN = new Set(["Unauthorized", "Forbidden", "NoCsrf"]);

/** @typedef {{header: Wire.PreviewHeader, picture: Blob}} Preview */

/**
 * @typedef {object} SocketOptions
 * @property {string} url ws://…/api/v1/events
 * @property {() => string | null} token null = by cookie
 * @property {() => string | null} word that goes with the cookie
 * @property {() => {since: number | null, epoch: string | null}} seen
 * @property {() => {previews: boolean, logs: string[]}} wanted
 * @property {(message: Wire.ToClient) => void} onMessage
 * @property {(preview: Preview) => void} onPreview
 * @property {(connection: "open" | "waiting" | "refused" | "closed") => void} onConnection
 * @property {(attempt: number) => number} [waitMs]
 * @property {typeof WebSocket} [WebSocket]
 */

/** A little chance in each wait keeps many pages from coming back at the same moment. @param {number} attempt */
const defaultWait = (attempt) => WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)] * (0.75 + Math.random() / 2);

/** Splits a binary message. @param {ArrayBuffer} data @returns {Preview} */
export function readPreview(data) {
  const length = new DataView(data).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  return { header, picture: new Blob([data.slice(4 + length)], { type: "image/jpeg" }) };
}

/** @param {SocketOptions} options */
export function openSocket(options) {
  const Socket = options.WebSocket ?? WebSocket;
  const waitMs = options.waitMs ?? defaultWait;
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let attempt = 0;
  let welcomed = false;
  let ended = false;
  let nextSeq = 0;

  function connect() {
    clearTimeout(timer);
    if (ended) return;
    welcomed = false;
    const mine = new Socket(options.url);
    socket = mine;
    mine.binaryType = "arraybuffer";
    /** @type {string | null} */
    let nonce = null;
    const token = options.token();
    mine.onopen = () => {
      if (token === null) return hello(mine, null);
      nonce = newNonce();
      mine.send(JSON.stringify({ type: "prove", nonce, grant: grantOf(token) }));
      timer = setTimeout(() => mine.close(), PROOF_MS);
    };
    mine.onmessage = async ({ data }) => {
      if (typeof data !== "string") return options.onPreview(readPreview(data));
      const message = /** @type {Wire.ToClient} */ (JSON.parse(data));
      if (message.type === "proven") {
        clearTimeout(timer);
        if (token === null || nonce === null || message.hmac !== (await proofOf(token, nonce))) return refuse(mine);
        return hello(mine, token);
      }
      take(mine, message);
    };
    mine.onclose = () => {
      if (socket !== mine || ended) return;
      socket = null;
      clearTimeout(timer);
      options.onConnection("waiting");
      timer = setTimeout(connect, waitMs(attempt++));
    };
  }

  /** @param {WebSocket} mine @param {string | null} token */
  function hello(mine, token) {
    const { since, epoch } = options.seen();
    const csrf = token === null ? (options.word() ?? undefined) : undefined;
    mine.send(JSON.stringify({ type: "hello", token, csrf, since, epoch, ...options.wanted() }));
  }

  /** @param {WebSocket} mine @param {Wire.ToClient} message */
  function take(mine, message) {
    if (socket !== mine) return;
    if (message.type === "welcome") {
      welcomed = true;
      attempt = 0;
      const { since, epoch } = options.seen();
      nextSeq = epoch === message.epoch && since !== null ? since + 1 : 0;
    }
    if (message.type === "snapshot") nextSeq = message.seq + 1;
    if (message.type === "event") {
      if (nextSeq > 0 && message.seq > nextSeq) return mine.close(); // a gap: come back and have it replayed
      nextSeq = message.seq + 1;
    }
    options.onMessage(message);
    if (message.type === "welcome") options.onConnection("open");
    if (message.type === "refused" && NEEDS_SIGN_IN.has(message.error)) refuse(mine);
  }

  /** @param {WebSocket} mine */
  function refuse(mine) {
    ended = true;
    clearTimeout(timer);
    mine.close();
    options.onConnection("refused");
  }

  connect();
  return {
    /** Tells the server what is wanted from now on. */
    follow() {
      if (welcomed && socket?.readyState === 1) socket.send(JSON.stringify({ type: "follow", ...options.wanted() }));
    },
    /** Comes back at once: after a sleep, with a new token, when the network is there again. */
    reconnect() {
      ended = false;
      attempt = 0;
      const old = socket;
      socket = null;
      old?.close();
      connect();
    },
    close() {
      ended = true;
      clearTimeout(timer);
      socket?.close();
      socket = null;
      options.onConnection("closed");
    },
  };
}
