/**
 * A blind vote: two takes side by side without their names, on sides that the dice chose. Only after the vote it is said which was which. The
 * server keeps all votes as a CSV.
 */

/** @import * as Wire from "../wire.js" */
import { html, useEffect, useMemo, useRef, useState } from "../ui/html.js";
import { useAction, useApp, useTask } from "../ui/hooks.js";
import { Button, Field, Notice } from "../ui/parts.js";
import { follow } from "../media/playing.js";
import { pairsToJudge } from "../media/pairs-to-judge.js";
import { parseRate } from "../time.js";
import { hashOf } from "../route.js";
import { t } from "../text.js";
import { save } from "./download.js";
import { usePlayable } from "./player.js";
import { settingsLine } from "./take.js";

/** @typedef {Wire.VoteRequest["choice"]} Choice */

const VOTER = "heygem.voter";
const UNKNOWN_RATE = { n: 25, d: 1 };

/** @returns {string} */
function rememberedVoter() {
  try {
    return localStorage.getItem(VOTER) ?? "";
  } catch {
    return "";
  }
}

/** @param {{ids: string[]}} props */
export function VoteView({ ids }) {
  const { client } = useApp();
  const loaded = useTask((signal) => Promise.all(ids.map((id) => client.api.take(id, { signal }))), [ids.join()]);
  const pairs = useMemo(() => pairsToJudge(loaded.value ?? []), [loaded.value]);
  const [at, setAt] = useState(0);
  const [voter, setVoter] = useState(rememberedVoter);
  const [done, setDone] = useState(/** @type {{choice: Choice, tally: Wire.Tally} | null} */ (null));
  const [busy, act] = useAction();
  useEffect(() => {
    try {
      localStorage.setItem(VOTER, voter);
    } catch {
      // a frame without storage
    }
  }, [voter]);
  const pair = pairs[at];
  /** @param {Choice} choice */
  const vote = (choice) =>
    act(async () => {
      const [first, second] = pair;
      setDone({ choice, tally: await client.api.vote({ first: first.id, second: second.id, choice, voter: voter.trim() }) });
    });
  function next() {
    setDone(null);
    setAt(at + 1);
  }
  const table = html`<${Button} kind="quiet" icon="download" onClick=${() => act(() => save(client, "/votes.csv", "votes.csv"))}>${t("vote.csv")}<//>`;
  return html`<div class="view vote-view">
    <div class="view-head"><div><a class="back" href=${hashOf("results")}>${t("results.title")}</a><h1>${t("vote.title")}</h1></div>
      <div class="row">${pairs.length > 1 && html`<span class="count">${t("vote.at", { n: Math.min(at + 1, pairs.length), total: pairs.length })}</span>`}
        ${table}</div></div>
    ${loaded.status === "error" && html`<${Notice} kind="error">${loaded.error.message}<//>`}
    ${loaded.status === "complete" && !pairs.length && html`<${Notice}>${t("vote.needs-two")}<//>`}
    ${pair && html`<${Judging} key=${at} pair=${pair} done=${done} busy=${busy} onVote=${vote} onNext=${at + 1 < pairs.length ? next : null} />`}
    ${
      pair &&
      html`<${Field} id="voter" label=${t("vote.voter")} hint=${t("vote.voter-hint")}><input id="voter" type="text" value=${voter} maxlength="100"
        onInput=${(/** @type {Event} */ event) => setVoter(/** @type {HTMLInputElement} */ (event.target).value)} /><//>`
    }
  </div>`;
}

/**
 * @param {{pair: [Wire.TakeView, Wire.TakeView], done: {choice: Choice, tally: Wire.Tally} | null, busy: boolean,
 *   onVote: (choice: Choice) => void, onNext: (() => void) | null}} props
 */
function Judging({ pair, done, busy, onVote, onNext }) {
  const one = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const other = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const [playing, setPlaying] = useState(false);
  const pictureOf = usePlayable();
  const urls = [pictureOf(pair[0]), pictureOf(pair[1])];
  const rate = parseRate(pair[0].rate) ?? UNKNOWN_RATE;
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => follow(other.current, one.current, rate), 200);
    return () => clearInterval(timer);
  }, [playing]);
  function toggle() {
    const leader = one.current;
    if (!leader) return;
    if (leader.paused) void leader.play().catch(() => {});
    else leader.pause();
    follow(other.current, leader, rate);
  }
  useEffect(() => {
    /** @param {KeyboardEvent} event */
    function key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || /** @type {HTMLElement} */ (event.target).matches("input, button, select, a"))
        return;
      /** @type {Record<string, () => void>} */
      const keys = { " ": toggle, a: () => onVote("first"), b: () => onVote("second"), "=": () => onVote("same") };
      const act = keys[event.key.toLowerCase()];
      if (!act || (done && event.key !== " ")) return;
      event.preventDefault();
      act();
    }
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  });
  /** @param {0 | 1} side */
  const picture = (side) => html`<figure class="vote-side ${done && done.choice === (side ? "second" : "first") ? "won" : ""}">
    <figcaption>${side ? t("vote.b") : t("vote.a")}${done && html` <span class="name">${pair[side].name}</span>`}</figcaption>
    <video ref=${side ? other : one} src=${urls[side].url} style=${{ aspectRatio: `${pair[side].width} / ${pair[side].height}` }} playsinline loop preload="auto" muted=${side === 1}
      aria-label=${side ? t("vote.b") : t("vote.a")} onError=${urls[side].renew} onClick=${toggle}
      onPlay=${() => side === 0 && setPlaying(true)} onPause=${() => side === 0 && setPlaying(false)}></video>
    ${done && html`<small>${[t("take.version", { n: pair[side].version }), settingsLine(pair[side].settings)].join(" · ")}</small>`}</figure>`;
  const tally = done?.tally;
  return html`<section class="panel vote" aria-label=${t("vote.title")}>
    <div class="vote-sides">${picture(0)}${picture(1)}</div>
    <div class="vote-bar">
      <${Button} icon=${playing ? "pause" : "play"} onClick=${toggle}>${t(playing ? "player.pause" : "player.play")}<//>
      <span class="spacer"></span>
      ${
        done
          ? html`<p role="status">${tally && t("vote.tally", { a: tally.first, b: tally.second, same: tally.same })}</p>
            ${onNext ? html`<${Button} kind="primary" onClick=${onNext}>${t("vote.next")}<//>` : html`<strong>${t("vote.done")}</strong>`}`
          : html`<${Button} busy=${busy} onClick=${() => onVote("first")}>${t("vote.a-better")}<//>
            <${Button} busy=${busy} kind="quiet" onClick=${() => onVote("same")}>${t("vote.same")}<//>
            <${Button} busy=${busy} onClick=${() => onVote("second")}>${t("vote.b-better")}<//>`
      }
    </div>
  </section>`;
}
