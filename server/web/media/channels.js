/** Which channels of a recording with many are the speech. Recorders write a microphone on each, and a mix of all of them on the first. */

import { html } from "../ui/html.js";
import { t } from "../text.js";

const ORDINARY = 2; // mono and stereo have nothing to choose

/**
 * Channels by track, as editors count them: from 1 through all tracks. A track that does not say how many it has ends the count.
 * @param {readonly number[]} streams channels of each
 * @returns {number[][]}
 */
export function tracksOf(streams) {
  const known = streams.includes(0) ? streams.slice(0, streams.indexOf(0)) : streams;
  let last = 0;
  return known.map((size) => Array.from({ length: size }, () => ++last));
}

/** Whether a recording has channels to choose among. @param {import("./items.js").Item} item */
export const several = (item) => item.state === "ready" && tracksOf(item.probed?.sound_streams ?? []).flat().length > ORDINARY;

/** @param {{streams: readonly number[], chosen: readonly number[], onChange: (chosen: number[]) => void}} props */
export function ChannelChoice({ streams, chosen, onChange }) {
  const tracks = tracksOf(streams);
  if (tracks.flat().length <= ORDINARY) return null;
  /** @param {number} channel @param {boolean} on */
  const choose = (channel, on) => onChange([...chosen.filter((one) => one !== channel), ...(on ? [channel] : [])].sort((a, b) => a - b));
  return html`<fieldset class="channels"><legend>${t("channels.title")}</legend>
    ${tracks.map(
      (channels, k) => html`<div key=${k} class="row wrap">
        ${tracks.length > 1 && html`<span class="hint">${t("channels.track", { n: k + 1 })}</span>`}
        ${channels.map(
          (channel) => html`<label key=${channel} class="check"><input type="checkbox" checked=${chosen.includes(channel)}
            aria-label=${t("channels.n", { n: channel })}
            onChange=${(/** @type {Event} */ event) => choose(channel, /** @type {HTMLInputElement} */ (event.target).checked)} />
            <span>${channel}</span></label>`,
        )}</div>`,
    )}
    <p class="hint">${chosen.length ? t("channels.chosen") : t("channels.all")}</p></fieldset>`;
}
