/** The settings of a render: a preset first, the few choices that matter, the rest folded away. */

/** @import { Settings } from "../presets.js" */
import { html, useEffect, useState } from "../ui/html.js";
import { useAction, useApp, useStore } from "../ui/hooks.js";
import { Button, Field, IconButton, Select, Slider } from "../ui/parts.js";
import { CHOICES, SLIDERS, SWITCHES } from "../defaults.js";
import { loadPresets, PRESETS, saved, settingsOf } from "../presets.js";
import { number } from "../format.js";
import { hashOf } from "../route.js";
import { maybe, t } from "../text.js";

/** @typedef {import("../text.js").Key} Key */

const [STILLEST, WIDEST, INTENSITY_STEP] = SLIDERS.intensity;
const [EARLIEST, LATEST, OFFSET_STEP] = SLIDERS.offset_ms;

/**
 * @param {{settings: Settings, preset: string, onChange: (settings: Settings, preset: string) => void, id?: string,
 *   compact?: boolean}} props
 */
export function SettingsForm({ settings, preset, onChange, id = "settings", compact = false }) {
  const { client, info, refresh } = useApp();
  const mayChange = info.scope !== "host"; // presets are everybody's, and a panel is nobody
  const [busy, act] = useAction();
  const [naming, setNaming] = useState(/** @type {string | null} */ (null));
  const names = useStore(saved).map(({ name }) => name);
  useEffect(() => void loadPresets(client.api, mayChange).catch(() => {}), []);
  /** @param {Partial<Settings>} change */
  const set = (change) => onChange({ ...settings, ...change }, "custom");
  /** @type {[string, string][]} */
  const presets = [
    ...Object.keys(PRESETS).map((key) => /** @type {[string, string]} */ ([key, t(/** @type {Key} */ (`preset.${key}`))])),
    ...names.map((name) => /** @type {[string, string]} */ ([name, name])),
  ];
  if (preset === "custom") presets.push(["custom", t("preset.custom")]);
  /** @param {Event} event */
  function save(event) {
    event.preventDefault();
    const name = naming?.trim();
    if (!name || name in PRESETS || name === "custom") return;
    void act(async () => {
      const known = await client.api.savePreset(name, settings);
      saved.update(() => known);
      setNaming(null);
      onChange(settings, name);
    });
  }
  const forget = () =>
    act(async () => {
      const known = await client.api.forgetPreset(preset);
      saved.update(() => known);
      onChange(settings, "custom");
    });
  /** @param {string} group @param {readonly string[]} keys @returns {[string, string][]} */
  const options = (group, keys) => keys.map((key) => [key, t(/** @type {Key} */ (`${group}.${key}`))]);
  const formats = info.deliverables.map((row) => [row.name, maybe(`format.${row.name}`) ?? row.title]);
  const trackers = info.trackers.map((name) => [name, maybe(`tracker.${name}`) ?? name]);
  const engines = info.engines.map((name) => [name, maybe(`engine.${name}`) ?? name]);
  return html`<div class="settings">
    <${Field} id="${id}-preset" label=${t("settings.preset")}>
      <div class="row"><${Select} id="${id}-preset" value=${preset} options=${presets}
        onChange=${(/** @type {string} */ key) => onChange(settingsOf(key), key)} />
        ${
          mayChange &&
          names.includes(preset) &&
          html`<${IconButton} name=${t("preset.forget", { name: preset })} icon="trash" busy=${busy} onClick=${forget} />`
        }
        ${mayChange && preset === "custom" && naming === null && html`<${Button} kind="quiet" onClick=${() => setNaming("")}>${t("preset.save")}<//>`}
          </div>
    <//>
    ${
      naming !== null &&
      html`<form class="row" onSubmit=${save}><input type="text" value=${naming} aria-label=${t("preset.name")}
      placeholder=${t("preset.name")}
      onInput=${(/** @type {Event} */ event) => setNaming(/** @type {HTMLInputElement} */ (event.target).value)} /><${Button} submit>
        ${t("action.save")}<//>
      <${Button} kind="quiet" onClick=${() => setNaming(null)}>${t("action.cancel")}<//></form>`
    }
    <${Field} id="${id}-format" label=${t("settings.format")}>
      <${Select} id="${id}-format" value=${settings.format ?? "prores"} options=${formats}
        onChange=${(/** @type {any} */ format) => set({ format })} />
    <//>
    <${Field} id="${id}-fit" label=${t("settings.fit")} hint=${compact ? undefined : t(`fit-hint.${settings.fit}`)}>
      <${Select} id="${id}-fit" value=${settings.fit} options=${options("fit", CHOICES.fit)}
        onChange=${(/** @type {any} */ fit) => set({ fit })} />
    <//>
    <${Field} id="${id}-intensity" label=${t("settings.intensity")}>
      <${Slider} id="${id}-intensity" min=${STILLEST} max=${WIDEST} step=${INTENSITY_STEP} value=${settings.intensity}
        text=${`${number(settings.intensity * 100)} %`} onChange=${(/** @type {number} */ intensity) => set({ intensity })} />
    <//>
    <${Field} id="${id}-offset" label=${t("settings.offset")} hint=${compact ? undefined : t("settings.offset-hint")}>
      <${Slider} id="${id}-offset" min=${EARLIEST} max=${LATEST} step=${OFFSET_STEP} value=${settings.offset_ms}
        text=${`${number(settings.offset_ms)} ms`}
        onChange=${(/** @type {number} */ offset_ms) => set({ offset_ms })} />
    <//>
    <details onToggle=${refresh}><summary>${t("settings.more")}</summary><div class="settings">
      <${Field} id="${id}-kind" label=${t("settings.kind")} hint=${t(`kind-hint.${settings.kind}`)}>
        <${Select} id="${id}-kind" value=${settings.kind} options=${options("kind", CHOICES.kind)}
          onChange=${(/** @type {any} */ kind) => set({ kind })} />
      <//>
      <${Field} id="${id}-sound" label=${t("settings.sound")}>
        <${Select} id="${id}-sound" value=${settings.sound} options=${options("sound", CHOICES.sound)}
          onChange=${(/** @type {any} */ sound) => set({ sound })} />
      <//>
      ${
        info.engines.length > 1 &&
        html`<${Field} id="${id}-engine" label=${t("settings.engine")}>
        <${Select} id="${id}-engine" value=${settings.engine} options=${engines}
          onChange=${(/** @type {string} */ engine) => set({ engine })} />
      <//>`
      }
      <${Field} id="${id}-device" label=${t("settings.device")}>
        <${Select} id="${id}-device" value=${settings.device}
          options=${options(
            "device",
            CHOICES.device.filter((device) => device === "auto" || info.devices.includes(device)),
          )}
            onChange=${(/** @type {any} */ device) => set({ device })} />
      <//>
      <${Field} id="${id}-tracker" label=${t("settings.tracker")}>
        <${Select} id="${id}-tracker" value=${settings.tracker} options=${trackers}
          onChange=${(/** @type {any} */ tracker) => set({ tracker })} />
      <//>
      <p class="hint"><a href=${hashOf("models")}>${t("settings.models")}</a></p>
      ${SWITCHES.map(
        (name) => html`<label class="check" key=${name}><input type="checkbox" checked=${settings[name]}
        onChange=${(/** @type {Event} */ event) => set({ [name]: /** @type {HTMLInputElement} */ (event.target).checked })} /><span>
          ${t(`settings.${name}`)}</span></label>`,
      )}
    </div></details>
  </div>`;
}
