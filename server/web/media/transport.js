/**
 * Playing a video by frames. The frame is what counts, the player's clock follows: a seek aims at the middle of a frame, and while it plays
 * the frame is read from the picture that is really shown (requestVideoFrameCallback), or from the clock where a webview lacks that.
 */

import { html, useCallback, useEffect, useRef, useState } from "../ui/html.js";
import { frameAt, insideOf } from "../time.js";
import { IconButton } from "../ui/parts.js";
import { t } from "../text.js";

/** @typedef {import("../time.js").Rate} Rate */

/**
 * @param {{current: HTMLVideoElement | null}} ref @param {{rate: Rate | null, frames: number, src: string | null}} of
 *   rate: null = variable; then frames are spread evenly over the player's duration, which is near but not exact
 */
export function useTransport(ref, { rate, frames, src }) {
  const [frame, setFrame] = useState(0);
  const [playing, setPlaying] = useState(false);
  const wanted = useRef(0);

  const rateNow = useCallback(() => {
    const seconds = ref.current?.duration;
    return rate ?? (seconds && Number.isFinite(seconds) ? { n: frames / seconds, d: 1 } : { n: 25, d: 1 });
  }, [rate, frames]);

  const seek = useCallback(
    (/** @type {number} */ to) => {
      const at = Math.max(0, Math.min(frames - 1, to));
      wanted.current = at;
      setFrame(at);
      const video = ref.current;
      if (!video) return;
      video.pause();
      if (video.readyState >= 1) video.currentTime = insideOf(at, rateNow());
    },
    [frames, rateNow],
  );

  useEffect(() => {
    const video = ref.current;
    if (!video || !src) return;
    let over = false;
    const show = (/** @type {number} */ seconds) => {
      if (over || video.paused) return;
      wanted.current = Math.min(frames - 1, frameAt(seconds, rateNow()));
      setFrame(wanted.current);
    };
    const watch = () =>
      video.requestVideoFrameCallback?.((_, facts) => {
        if (over) return;
        show(facts.mediaTime);
        watch();
      });
    const onTime = () => !video.requestVideoFrameCallback && show(video.currentTime);
    const onPlay = () => setPlaying(true);
    const onPause = () => setPlaying(false);
    const onReady = () => {
      video.currentTime = insideOf(wanted.current, rateNow());
    };
    video.addEventListener("timeupdate", onTime);
    video.addEventListener("play", onPlay);
    video.addEventListener("pause", onPause);
    video.addEventListener("loadedmetadata", onReady);
    if (video.readyState >= 1) onReady();
    watch();
    return () => {
      over = true;
      video.removeEventListener("timeupdate", onTime);
      video.removeEventListener("play", onPlay);
      video.removeEventListener("pause", onPause);
      video.removeEventListener("loadedmetadata", onReady);
    };
  }, [src, frames, rateNow]);

  const toggle = useCallback(() => {
    const video = ref.current;
    if (!video) return;
    if (!video.paused) return video.pause();
    if (wanted.current >= frames - 1) video.currentTime = 0;
    video.play().catch(() => setPlaying(false)); // a file that the browser cannot play: its own error event says so
  }, [frames]);

  return { frame, playing, seek, toggle, step: (/** @type {number} */ by) => seek(wanted.current + by), rateNow };
}

/** @typedef {ReturnType<typeof useTransport>} Transport */

/**
 * Keys that every player understands.
 * @param {KeyboardEvent} event
 * @param {Transport} transport
 * @param {number} frames
 * @returns {boolean} whether it was one
 */
export function transportKey(event, transport, frames) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const far = event.shiftKey ? 10 : 1;
  /** @type {Record<string, () => void>} */
  const keys = {
    " ": transport.toggle,
    k: transport.toggle,
    ArrowLeft: () => transport.step(-far),
    ArrowRight: () => transport.step(far),
    j: () => transport.step(-10),
    l: () => transport.step(10),
    Home: () => transport.seek(0),
    End: () => transport.seek(frames - 1),
  };
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return false;
  event.preventDefault();
  act();
  return true;
}

/** @param {{transport: Transport, disabled?: boolean}} props */
export const TransportButtons = ({ transport, disabled }) => html`
  <div class="transport" role="group" aria-label=${t("player.transport")}>
    <${IconButton} name=${t("player.first")} icon="first" disabled=${disabled} onClick=${() => transport.seek(0)} />
    <${IconButton} name=${t("player.back")} icon="left" disabled=${disabled} onClick=${() => transport.step(-1)} />
    <${IconButton} name=${t(transport.playing ? "player.pause" : "player.play")} icon=${transport.playing ? "pause" : "play"}
      disabled=${disabled} onClick=${transport.toggle} />
    <${IconButton} name=${t("player.forward")} icon="right" disabled=${disabled} onClick=${() => transport.step(1)} />
    <${IconButton} name=${t("player.last")} icon="last" disabled=${disabled} onClick=${() => transport.seek(Infinity)} />
  </div>`;
