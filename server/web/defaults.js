// Made by web-tools/wire_types.py from heygem_core.shot.RenderSettings: do not edit.

/** @type {Required<import("./wire.js").RenderSettings>} */
export const DEFAULT_SETTINGS = {
  engine: "mesh",
  tracker: "mediapipe",
  device: "auto",
  fit: "none",
  offset_ms: 0.0,
  intensity: 1.0,
  motion: "auto",
  speech_encoder: null,
  adaptation: true,
  style_from: null,
  occlusion: true,
  holdout: null,
  format: null,
  kind: "full",
  deinterlace: false,
  sound: "speech",
  label_synthetic: true,
  sign_with: null,
};

export const CHOICES = /** @type {const} */ ({
  device: ["auto", "cpu", "cuda", "mps"],
  fit: ["none", "trim", "hold", "loop"],
  kind: ["full", "patch"],
  sound: ["speech", "source", "both", "none"],
});

export const SWITCHES = /** @type {const} */ (["adaptation", "occlusion", "deinterlace", "label_synthetic"]);

/** Lowest value, highest value and step of a control. */
export const SLIDERS = /** @type {const} */ ({
  offset_ms: [-500, 500, 5],
  intensity: [0, 2, 0.05],
});
