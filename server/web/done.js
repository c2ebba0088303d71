/** Tells of jobs that end while the page is not looked at: in the tab's title how far all is, and, if wanted, as the system tells of news. */

import { useEffect, useRef, useState } from "./ui/html.js";
import { useApp, useLive } from "./ui/hooks.js";
import { percent } from "./format.js";
import { t } from "./text.js";

/** @import * as Wire from "./wire.js" */

const ENDED = new Set(["completed", "failed"]);

/** How far all jobs at work are together (0–1); null = nothing is at work, or nobody knows. @param {import("./client/reducer.js").State} state */
export function shareOfAll(state) {
  let [done, total] = [0, 0];
  for (const job of Object.values(state.jobs)) {
    if (job.state !== "active") continue;
    const now = Object.values(state.progress).filter((one) => one.job === job.id);
    const frames = now.find((one) => one.job_frames_total !== null)?.job_frames_total ?? job.frames_total;
    if (frames === null) return null;
    done += Math.max(job.frames_done, ...now.map((one) => one.job_frames_done));
    total += frames;
  }
  return total ? Math.min(1, done / total) : null;
}

/** The page's title with the percentage before it, in whole percent, so that a tab shows it. @param {string} title */
export function useTitle(title) {
  const whole = useLive((state) => {
    const share = shareOfAll(state);
    return share === null ? null : Math.floor(share * 100);
  });
  useEffect(() => {
    document.title = whole === null ? title : `${percent(whole / 100)} · ${title}`;
  }, [title, whole]);
}

/** Tells once of each job that ends: with a sound where somebody wants it, and while the page is hidden as the system does, if that is allowed. */
export function useNews() {
  const jobs = useLive((state) => state.jobs);
  const known = useRef(/** @type {Record<string, string>} */ ({}));
  useEffect(() => {
    for (const job of Object.values(jobs)) {
      const before = known.current[job.id];
      known.current[job.id] = job.state;
      if (!before || ENDED.has(before) || !ENDED.has(job.state)) continue;
      if (soundWanted()) chime();
      if (document.hidden && mayTell() === "granted") tell(job);
    }
  }, [jobs]);
}

/** "granted", "denied", "default" (not asked yet), or null where this browser or address cannot. */
export const mayTell = () => (window.isSecureContext && "Notification" in window ? Notification.permission : null);

/** Whether the person can still be asked, and asking. @returns {[boolean, () => void]} */
export function useAsking() {
  const { host } = useApp();
  const [may, setMay] = useState(mayTell());
  return [!host && may === "default", () => void Notification.requestPermission().then(setMay)];
}

const SOUND = "heygem.sound";

/** Whether a job that is done shall be heard. */
export function soundWanted() {
  try {
    return localStorage.getItem(SOUND) === "on";
  } catch {
    return false;
  }
}

/** @param {boolean} on */
export function wantSound(on) {
  try {
    localStorage.setItem(SOUND, on ? "on" : "off");
  } catch {
    // a frame without storage
  }
  if (on) chime(); // so that one knows it, and the browser knows that somebody wants it
}

/** Two soft notes, made here: nothing is fetched for them. */
function chime() {
  const context = new AudioContext();
  for (const [at, hertz] of [
    [0, 660],
    [0.14, 880],
  ]) {
    const [note, loud] = [context.createOscillator(), context.createGain()];
    note.frequency.value = hertz;
    loud.gain.setValueAtTime(0.12, context.currentTime + at);
    loud.gain.exponentialRampToValueAtTime(0.001, context.currentTime + at + 0.4);
    note.connect(loud).connect(context.destination);
    note.start(context.currentTime + at);
    note.stop(context.currentTime + at + 0.4);
  }
  setTimeout(() => void context.close(), 1000);
}

/** @param {Wire.JobView} job */
function tell(job) {
  const body = job.state === "completed" ? t("job.completed") : t("job.partly", { done: job.shots_done, failed: job.shots_failed });
  const news = new Notification(job.name, { body, tag: job.id });
  news.onclick = () => window.focus();
}
