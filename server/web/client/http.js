/**
 * One function per route of the server. Framework-free: panels use it as it is, in a browser, in Node, or in a webview.
 *
 * Who asks: a browser by its cookie and the page's word, which goes into a header, a panel by a bearer token that lives in memory.
 * Every answer that is not a success becomes a `ServerProblem` with the server's own sentence.
 */

/** @import * as Wire from "../wire.js" */
import { makeAddresses } from "./addresses.js";
import { problemOf, ServerProblem, unreachable, wasAborted } from "./problem.js";
import { upload } from "./upload.js";

/** @typedef {{token: string | null, word: () => string | null}} Credentials */
/** @typedef {{signal?: AbortSignal, headers?: Record<string, string>}} Extra */

/** @param {Record<string, string | number | boolean | null | undefined>} values */
function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}` : "";
}

/** Where the picture of a take is, under /api/v1. @param {string} take */
export const posterOf = (take) => `/takes/${take}/poster.jpg`;

/** The HMAC that only who knows the token can make, as hex. @param {string} token @param {string} nonce */
export async function proofOf(token, nonce) {
  const bytes = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", bytes.encode(token), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, bytes.encode(`heygem-server:${nonce}`));
  return [...new Uint8Array(mac)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What stands before the dot of a token names it and is no secret. @param {string} token */
export const grantOf = (token) => (token.includes(".") ? token.slice(0, token.indexOf(".")) : null);

/** 128 random bits as hex. */
export const newNonce = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * @param {string} base "http://127.0.0.1:8765", or "" for the page's own origin
 * @param {Credentials} who read at every request, so a new token works at once
 */
export function makeApi(base, who) {
  const root = `${base}/api/v1`;

  /** @returns {Record<string, string>} */
  function credentials() {
    if (who.token) return { Authorization: `Bearer ${who.token}` };
    const word = who.word();
    return word ? { "X-HeyGem-CSRF": word } : {};
  }

  /** @param {string} method @param {string} path @param {unknown} [body] @param {Extra} [extra] @returns {Promise<Response>} */
  async function send(method, path, body, { signal, headers } = {}) {
    /** @type {Record<string, string>} */
    const all = { ...credentials(), ...headers };
    if (method !== "GET") all["Content-Type"] = "application/json";
    const content = method === "GET" ? undefined : JSON.stringify(body ?? {});
    /** @type {RequestInit} */
    const init = { method, headers: all, body: content, signal, credentials: who.token ? "omit" : "same-origin" };
    const response = await fetch(root + path, init).catch((error) => {
      throw wasAborted(error) ? error : unreachable();
    });
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  /** @param {string} method @param {string} path @param {unknown} [body] @param {Extra} [extra] @returns {Promise<any>} */
  async function ask(method, path, body, extra) {
    const response = await send(method, path, body, extra);
    return response.status === 204 ? null : response.json();
  }

  /** @param {string} path @param {Extra} [extra] */
  const get = (path, extra) => ask("GET", path, undefined, extra);

  const addresses = makeAddresses(
    async (paths) => {
      /** @type {Wire.Addresses} */
      const { addresses: signed, life_s } = await ask("POST", "/addresses", { paths: paths.map((path) => `/api/v1${path}`) });
      return { addresses: signed.map((address) => base + address), life_s };
    },
    () => who.word(),
  );

  return {
    root,
    send,
    /** What <img>, <video> and links of a signed-in browser open; paths are those under /api/v1. */
    addresses,
    /** What came signed with a list of takes. @param {Wire.TakePage} page */
    keepPosters: ({ takes, posters }) =>
      posters &&
      addresses.keep(
        takes.map((take) => posterOf(take.id)),
        { ...posters, addresses: posters.addresses.map((address) => address && base + address) },
      ),
    /** Raises: ServerProblem "Impostor" — whoever answers does not know the token. */
    async prove() {
      if (!who.token) return;
      const nonce = newNonce();
      const bare = await fetch(`${root}/prove`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ nonce, grant: grantOf(who.token) }),
        credentials: "omit",
      }).catch(() => null);
      if (!bare) throw unreachable();
      if (!bare.ok) throw await problemOf(bare);
      const answer = /** @type {Wire.Proof} */ (await bare.json());
      if (answer.hmac !== (await proofOf(who.token, nonce)))
        throw new ServerProblem(0, "Impostor", { code: "page.impostor", message: "Another program answers at the server's address." });
    },
    /** @returns {Promise<Wire.SignedIn>} */
    session: () => get("/session"),
    /** @param {string} code @returns {Promise<Wire.SignedIn>} */
    signIn: (code) => ask("POST", "/sign-in", { code }),
    signOut: () => ask("POST", "/sign-out"),
    /** @returns {Promise<Wire.Info>} */
    info: () => get("/info"),
    /** @param {Extra} [extra] @returns {Promise<Wire.ModelsView>} */
    models: (extra) => get("/models", extra),
    /** @param {string} id @param {boolean} accepted its terms @returns {Promise<Wire.ModelView>} */
    fetchModel: (id, accepted) => ask("POST", `/models/${id}/fetch`, { accept_licence: accepted }),
    /** @param {string} id @returns {Promise<Wire.ModelView>} */
    stopModel: (id) => ask("DELETE", `/models/${id}/fetch`),
    /** @param {string} id @returns {Promise<Wire.ModelView>} */
    removeModel: (id) => ask("DELETE", `/models/${id}`),

    /** @param {Extra} [extra] @returns {Promise<Wire.EditorStanding[]>} */
    editors: (extra) => get("/editors", extra),
    /** @param {Extra} [extra] @returns {Promise<Wire.ServerStanding>} */
    standing: (extra) => get("/standing", extra),
    /** @param {Wire.RoomRequest["name"]} name @returns {Promise<Wire.Cleaned>} */
    clean: (name) => ask("POST", "/rooms/clean", { name }),

    /** @param {Wire.VoteRequest} vote @returns {Promise<Wire.Tally>} */
    vote: (vote) => ask("POST", "/votes", vote),

    /** @returns {Promise<Wire.Preset[]>} */
    presets: () => get("/presets"),
    /** @param {string} name @param {Wire.RenderSettings} settings @returns {Promise<Wire.Preset[]>} */
    savePreset: (name, settings) => ask("POST", "/presets", { name, settings }),
    /** @param {string} name @returns {Promise<Wire.Preset[]>} */
    forgetPreset: (name) => ask("DELETE", "/presets", { name }),

    /** @param {Wire.JobRequest} request @param {string} key the same key never makes a second job @returns {Promise<Wire.JobDetail>} */
    submit: (request, key) => ask("POST", "/jobs", request, { headers: { "Idempotency-Key": key } }),
    /** @param {Wire.JobRequest} request @param {Extra} [extra] @returns {Promise<Wire.Estimate>} */
    estimate: (request, extra) => ask("POST", "/estimate", request, extra),
    /**
     * @param {{state?: string, q?: string, project?: string, limit?: number, before?: string | null}} [by]
     * @param {Extra} [extra]
     * @returns {Promise<Wire.JobPage>}
     */
    jobs: (by = {}, extra = {}) => get(`/jobs${query(by)}`, extra),
    /** @param {string} id @param {Extra} [extra] @returns {Promise<Wire.JobDetail>} */
    job: (id, extra) => get(`/jobs/${id}`, extra),
    /** @param {string} id @param {"cancel" | "pause" | "resume" | "retry"} verb @returns {Promise<Wire.JobView>} */
    act: (id, verb) => ask("POST", `/jobs/${id}/${verb}`),
    /** @param {string} job @param {string | null} before the job that then comes after it; null = the end @returns {Promise<Wire.JobView>} */
    order: (job, before) => ask("POST", "/queue/order", { job, before }),
    /** @param {string} id @returns {Promise<Wire.Deletion>} */
    deletion: (id) => get(`/jobs/${id}/deletion`),
    /** @param {string} id @param {boolean} force also what a timeline uses @returns {Promise<Wire.Deletion>} */
    deleteJob: (id, force = false) => ask("DELETE", `/jobs/${id}${force ? "?force=1" : ""}`),
    /** @param {string} id @param {"cancel" | "retry"} verb @returns {Promise<Wire.ShotView>} */
    actOnShot: (id, verb) => ask("POST", `/shots/${id}/${verb}`),
    /**
     * A new version of a shot with other settings.
     * @param {string} id
     * @param {Wire.RenderSettings} settings
     * @returns {Promise<Wire.ShotView>}
     */
    again: (id, settings) => ask("POST", `/shots/${id}/again`, settings),
    /** @param {string} id @param {Extra} [extra] @returns {Promise<Wire.ShotView>} */
    shot: (id, extra) => get(`/shots/${id}`, extra),

    /**
     * @param {{job?: string, shot?: string, q?: string, same_video?: string, limit?: number, before?: string | null}} [by]
     * @param {Extra} [extra]
     * @returns {Promise<Wire.TakePage>}
     */
    takes: (by = {}, extra = {}) => get(`/takes${query(by)}`, extra),
    /** @param {string} id @param {Extra} [extra] @returns {Promise<Wire.TakeView>} */
    take: (id, extra) => get(`/takes/${id}`, extra),
    /** @param {string} id @param {Extra} [extra] @returns {Promise<Wire.TakeReport>} */
    report: (id, extra) => get(`/takes/${id}/report`, extra),
    /** @param {string} id @param {Extra} [extra] @returns {Promise<Wire.Waveform>} */
    takeWaveform: (id, extra) => get(`/takes/${id}/waveform`, extra),
    /** @param {string} id @param {"pin" | "unpin" | "reveal" | "measure"} verb @returns {Promise<any>} */
    actOnTake: (id, verb) => ask("POST", `/takes/${id}/${verb}`),
    /** What host.place and host.switchTake take. @param {string} id @returns {Promise<Wire.PlaceParams>} */
    placing: (id) => get(`/takes/${id}/placing`),
    /** @param {string} id @param {Wire.Placed} placed @returns {Promise<Wire.TakeView>} */
    placed: (id, placed) => ask("POST", `/takes/${id}/placed`, placed),
    /** Puts a deleted take back. @param {string} id @returns {Promise<Wire.TakeView>} */
    restore: (id) => ask("POST", `/takes/${id}/restore`),
    /** @param {string} id @param {boolean} force @returns {Promise<Wire.TakeView>} */
    deleteTake: (id, force = false) => ask("DELETE", `/takes/${id}${force ? "?force=1" : ""}`),

    /** @param {File} file @param {import("./upload.js").UploadOptions} [options] @returns {Promise<Wire.UploadView>} */
    upload: (file, options = {}) => upload(`${root}/uploads${query({ name: file.name })}`, file, credentials(), options),
    /** @param {string} id */
    dropUpload: (id) => ask("DELETE", `/uploads/${id}`),
    /** @param {Wire.MediaRef} ref @param {Extra} [extra] @returns {Promise<Wire.Probed>} */
    probe: (ref, extra) => ask("POST", "/media/probe", ref, extra),
    /**
     * The people of a range, numbered as a shot of that range numbers them.
     * @param {Wire.MediaRef} ref
     * @param {{start?: number, end_exclusive?: number | null}} [range]
     * @param {Extra} [extra]
     * @returns {Promise<Wire.FacesFound>}
     */
    faces: (ref, range = {}, extra) => ask("POST", `/media/faces${query(range)}`, ref, extra),
    /** @param {Wire.MediaRef} ref @param {readonly number[]} [channels] none = the file's main sound @returns {Promise<Wire.Waveform>} */
    waveform: (ref, channels = []) => ask("POST", `/media/waveform${query({ channels: channels.join(",") || undefined })}`, ref),
    /**
     * @param {Wire.MediaRef} ref
     * @param {number | null} frame null = one from the middle
     * @param {Extra} [extra]
     * @returns {Promise<Blob>}
     */
    poster: async (ref, frame, extra) => (await send("POST", `/media/poster.jpg${query({ frame })}`, ref, extra)).blob(),
    /** @param {Wire.MediaRef} ref @param {readonly number[]} [channels] none = the file's main sound @returns {Promise<{id: string}>} */
    proxy: (ref, channels = []) => ask("POST", `/media/proxy${query({ channels: channels.join(",") || undefined })}`, ref),

    /** @param {string | null} path null = the list of allowed folders @param {Extra} [extra] @returns {Promise<Wire.Folder>} */
    files: (path, extra) => get(`/files${query({ path })}`, extra),
    /** @param {string} folder */
    allow: (folder) => ask("POST", "/roots", { folder }),
    /** Takes consent back. @param {string} folder */
    forbid: (folder) => ask("DELETE", "/roots", { folder }),

    /**
     * @param {Wire.TimelineRequest} request
     * @param {Extra & {key?: string}} [extra] key: the same one never makes a second job
     * @returns {Promise<Wire.TimelineAnswer>}
     */
    timelines: (request, { key, ...extra } = {}) =>
      ask("POST", "/timelines", request, key ? { ...extra, headers: { "Idempotency-Key": key } } : extra),

    /** @returns {Promise<Wire.HostView[]>} */
    hosts: () => get("/hosts"),
    /**
     * @param {string} host
     * @param {Wire.HostCall["method"]} method
     * @param {object} [params]
     * @param {number} [timeoutS]
     * @returns {Promise<any>}
     */
    call: (host, method, params = {}, timeoutS = 30) =>
      ask("POST", `/hosts/${encodeURIComponent(host)}/call`, { method, params, timeout_s: timeoutS }),
    /**
     * The editor makes files of what it alone can decode; it cannot be used meanwhile.
     * @param {string} host
     * @param {Wire.ExportRequest} request
     * @param {string} key the same one never makes the editor export twice
     * @returns {Promise<Wire.ExportView>}
     */
    exportClips: (host, request, key) =>
      ask("POST", `/hosts/${encodeURIComponent(host)}/exports`, request, { headers: { "Idempotency-Key": key } }),
  };
}

/** @typedef {ReturnType<typeof makeApi>} Api */
