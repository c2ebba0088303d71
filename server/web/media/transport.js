/**
 * Playing a video by frames. The frame is what counts, the player's clock follows: a seek aims at the middle of a frame, and while it plays
 * the frame is read from the picture that is really shown (requestVideoFrameCallback), or from the clock where a webview lacks that.
 */

import { html, useCallback, useEffect, useRef, useState } from "../ui/html.js";
import { frameAt, insideOf } from "../time.js";
import { IconButton } from "../ui/parts.js";
import { faster } from "./shuttle.js";
import { t } from "../text.js";

/** @typedef {import("../time.js").Rate} Rate */
/** @typedef {import("./shuttle.js").Loop} Loop */

/**
 * @param {{current: HTMLVideoElement | null}} ref a video, or a recording alone @param {{rate: Rate | null, frames: number, src: string | null}} of
 *   rate: null = variable; then frames are spread evenly over the player's duration, which is near but not exact
 */
export function useTransport(ref, { rate, frames, src }) {
  const [frame, setFrame] = useState(0);
  const [speed, setSpeed] = useState(0); // times the normal one; below 0 = backwards, 0 = standing still
  const [loop, setLoop] = useState(/** @type {Loop | null} */ (null));
  const wanted = useRef(0);
  const looping = useRef(loop);
  looping.current = loop;

  const rateNow = useCallback(() => {
    const seconds = ref.current?.duration;
    return rate ?? (seconds && Number.isFinite(seconds) ? { n: frames / seconds, d: 1 } : { n: 25, d: 1 });
  }, [rate, frames]);

  const seek = useCallback(
    (/** @type {number} */ to) => {
      const at = Math.max(0, Math.min(frames - 1, to));
      wanted.current = at;
      setFrame(at);
      setSpeed(0);
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
      const { from, to } = looping.current ?? { from: 0, to: Infinity };
      if (wanted.current >= to) video.currentTime = insideOf(from, rateNow());
    };
    const watch = () => {
      if (video.requestVideoFrameCallback) {
        video.requestVideoFrameCallback((_, facts) => {
          if (over) return;
          show(facts.mediaTime);
          watch();
        });
      } else if (!video.paused && !over) {
        requestAnimationFrame(() => {
          show(video.currentTime);
          watch();
        });
      }
    };
    const onTime = () => !video.requestVideoFrameCallback && show(video.currentTime);
    const onPlay = () => {
      setSpeed(video.playbackRate);
      if (!video.requestVideoFrameCallback) watch();
    };
    const onPause = () => setSpeed((now) => Math.min(now, 0)); // while it goes backwards the player itself stands
    const onEnd = () => {
      if (looping.current === null) return;
      video.currentTime = insideOf(looping.current.from, rateNow());
      video.play().catch(() => {});
    };
    const onReady = () => {
      video.currentTime = insideOf(wanted.current, rateNow());
    };
    video.addEventListener("timeupdate", onTime);
    video.addEventListener("play", onPlay);
    video.addEventListener("pause", onPause);
    video.addEventListener("ended", onEnd);
    video.addEventListener("loadedmetadata", onReady);
    if (video.readyState >= 1) onReady();
    watch();
    return () => {
      over = true;
      video.removeEventListener("timeupdate", onTime);
      video.removeEventListener("play", onPlay);
      video.removeEventListener("pause", onPause);
      video.removeEventListener("ended", onEnd);
      video.removeEventListener("loadedmetadata", onReady);
    };
  }, [src, frames, rateNow]);

  // Players only go forwards: backwards each picture is sought, as many as the player keeps up with.
  useEffect(() => {
    if (speed >= 0) return;
    let [last, at] = [performance.now(), wanted.current];
    let next = requestAnimationFrame(function step(now) {
      const { n, d } = rateNow();
      const { from, to } = looping.current ?? { from: 0, to: frames };
      at += ((now - last) / 1000) * (n / d) * speed;
      last = now;
      if (at < from && looping.current) at = to - 1;
      if (at < 0) return seek(0);
      const video = ref.current;
      if (video && !video.seeking && Math.floor(at) !== wanted.current) {
        wanted.current = Math.floor(at);
        setFrame(wanted.current);
        video.currentTime = insideOf(wanted.current, rateNow());
      }
      next = requestAnimationFrame(step);
    });
    return () => cancelAnimationFrame(next);
  }, [speed < 0, speed, frames, rateNow, seek]);

  const play = useCallback(
    (/** @type {number} */ at) => {
      const video = ref.current;
      if (!video) return;
      if (at <= 0) {
        video.pause();
        return setSpeed(at);
      }
      const { from, to } = looping.current ?? { from: 0, to: frames };
      if (wanted.current >= to - 1 || wanted.current < from) video.currentTime = insideOf(from, rateNow());
      video.playbackRate = at;
      setSpeed(at);
      video.play().catch(() => setSpeed(0)); // a file that the browser cannot play: its own error event says so
    },
    [frames, rateNow],
  );

  return {
    frame,
    playing: speed !== 0,
    speed,
    loop,
    setLoop,
    seek,
    toggle: () => play(speed === 0 ? 1 : 0),
    play: () => play(1),
    stop: () => play(0),
    shuttle: (/** @type {1 | -1} */ direction) => play(faster(speed, direction)),
    step: (/** @type {number} */ by) => seek(wanted.current + by),
    rateNow,
  };
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
    k: transport.stop,
    j: () => transport.shuttle(-1),
    l: () => transport.shuttle(1),
    ",": () => transport.step(-1),
    ".": () => transport.step(1),
    ArrowLeft: () => transport.step(-far),
    ArrowRight: () => transport.step(far),
    Home: () => transport.seek(0),
    End: () => transport.seek(frames - 1),
  };
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return false;
  event.preventDefault();
  act();
  return true;
}

/** @param {{transport: Transport, why?: import("../ui/parts.js").Why}} props */
export const TransportButtons = ({ transport, why }) => html`
  <div class="transport" role="group" aria-label=${t("player.transport")}>
    <${IconButton} name=${t("player.first")} icon="first" why=${why} onClick=${() => transport.seek(0)} />
    <${IconButton} name=${t("player.back")} icon="left" why=${why} onClick=${() => transport.step(-1)} />
    <${IconButton} name=${t(transport.playing ? "player.pause" : "player.play")} icon=${transport.playing ? "pause" : "play"}
      why=${why} onClick=${transport.toggle} />
    <${IconButton} name=${t("player.forward")} icon="right" why=${why} onClick=${() => transport.step(1)} />
    <${IconButton} name=${t("player.last")} icon="last" why=${why} onClick=${() => transport.seek(Infinity)} />
  </div>`;
