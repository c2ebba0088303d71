/**
 * Editors as views meet them: one that frames the page in its panel (host.js), or, in an ordinary page, one that the server says is
 * connected.
 * Both are asked through the server; only the first has a panel that can show a dialog or tell of a new selection.
 */

/** @import * as Wire from "./wire.js" */
import { maybe } from "./text.js";

/** @type {readonly Wire.EditorInfo[]} */
let kinds = [];

/** The kinds of editors that the server describes. @param {readonly Wire.EditorInfo[]} described */
export function knowEditors(described) {
  kinds = described;
}

/** The server's description of an editor. @param {string | undefined} app */
export const described = (app) => kinds.find((kind) => kind.name === app) ?? null;

/**
 * @typedef {object} Editor
 * @property {string} id of the host
 * @property {{app: string, project: string, project_name: string, capabilities?: string[]} | null} session
 * @property {(what: string) => boolean} can what its panel does for the page: "pick", "open"
 * @property {boolean} framed whether its panel frames this page, and so tells when the selection changes
 */

/** @param {Wire.HostView} view @returns {Editor} */
export const editorOf = (view) => ({
  id: view.id,
  session: { app: view.app, project: view.project, project_name: view.project_name, capabilities: view.capabilities },
  can: () => false,
  framed: false,
});

/** "Premiere Pro" @param {string | undefined} app */
export const appName = (app) => maybe(`app.${app}`) ?? described(app)?.title ?? maybe("app.script") ?? "";

/** "Resolve", where room is short. @param {string} app */
export const shortName = (app) => maybe(`app-short.${app}`) ?? described(app)?.short_title ?? maybe("app-short.script") ?? "";

/** "Resolve › Film" @param {{app: string, project_name: string}} view */
export const editorName = (view) => [shortName(view.app), view.project_name].filter(Boolean).join(" › ");

/**
 * Whether an editor can do something ("place.take", "export.picture"). One that did not say so is asked: its answer then says why not.
 * @param {Editor} editor
 * @param {string} what
 */
export const able = (editor, what) => editor.session?.capabilities?.includes(what) ?? true;

/** Whether editors of its kind can do it at all, and this one does not say otherwise. @param {Editor} editor @param {string} what */
export const known = (editor, what) => (described(editor.session?.app)?.capabilities.includes(what) ?? false) && able(editor, what);
