"use strict";
// Makes a take look like the clip it covers. Motion (position, scale, …), opacity and the effect Crop are copied, values and keyframes, in steps of
// undo of their own and only where they differ from a fresh clip's; other effects are told. What is chosen from a list (the blend mode, second after the
// opacity) is never written: two public bridges report that it damages projects. Keyframes count in the time of the source, so those of a take lie
// elsewhere; the values at them and between them are compared afterwards.

const { core } = require("./core.js");
const find = require("./sequence.js");

const { plain, tell } = core("errors.js");

const OPACITY = "AE.ADBE Opacity";

/** Messages of what could not be copied. `inOneStep(label, makeActions)` carries actions out. `from` and `to` are clips as `everything` gives
 * them, `time` makes a time of ticks. */
async function copyAttributes(ppro, from, to, time, inOneStep, notices) {
  const missed = await find.effectsOf(from.item);
  const added = await addCrops(ppro, from.item, to.item, inOneStep, missed);
  const differing = await differences(from.item, to.item);
  const [still, moving] = [differing.filter((one) => one.written && !one.moving), differing.filter((one) => one.written && one.moving)];
  for (const one of differing) if (!one.written) missed.push(...unwritten(one));
  const span = spanOf(from, to);
  const curves = (await find.isRetimed(from.item)) ? [] : await Promise.all(moving.map((one) => curveOf(one, span, time)));
  const steps = 1 + added + (still.length + curves.length ? 1 : 0) + (curves.length ? 1 : 0);
  if (steps > 1) notices.push(added || curves.length ? tell("panel.premiere-undo-steps", { steps }) : tell("panel.premiere-undo-twice"));
  if (still.length + curves.length === 0) return missed;
  inOneStep("Copy the clip's position and opacity", () => [
    ...still.map(({ param, value }) => param.createSetValueAction(param.createKeyframe(value), true)),
    ...curves.map(({ param }) => param.createSetTimeVaryingAction(true)),
  ]);
  if (curves.length) inOneStep("Copy the clip's keyframes", () => curves.flatMap((curve) => keyActions(curve, time)));
  for (const { param, value } of still) if (!same(await startValue(param), value)) missed.push(plain(String(param.displayName)));
  for (const curve of curves) missed.push(...(await lost(curve, span, time)));
  return missed;
}

/** Adds the crops that the clip has and the take lacks, in a step of their own; how many steps that took (0 or 1). Names of crops that are still
 * lacking go to `missed`. */
async function addCrops(ppro, from, to, inOneStep, missed) {
  const [wanted, there] = [await cropsOf(from), (await cropsOf(to)).length];
  if (wanted.length <= there) return 0;
  const [chain, made] = [await to.getComponentChain(), []];
  for (let count = there; count < wanted.length; count += 1) {
    const component = await find.tried(() => ppro.VideoFilterFactory.createComponent(find.CROP), null);
    if (component) made.push(component);
  }
  if (made.length) inOneStep("Copy the clip's crop", () => made.map((component) => chain.createAppendComponentAction(component)));
  missed.push(...wanted.slice((await cropsOf(to)).length).map(plain));
  return made.length ? 1 : 0;
}

/** Their names as Premiere shows them. */
async function cropsOf(item) {
  const [chain, names] = [await item.getComponentChain(), []];
  for (let index = 0; index < chain.getComponentCount(); index += 1) {
    const component = chain.getComponentAtIndex(index);
    if ((await component.getMatchName()) === find.CROP) names.push(String(await component.getDisplayName()));
  }
  return names;
}

const unwritten = ({ param, moving }) => (moving ? [keyframesOf(param)] : [plain(String(param.displayName))]);
const keyframesOf = (param) => tell("panel.premiere-keyframes", { what: String(param.displayName) });

/** What of the source shows under the take: from, to (ticks of the source), and how much later the take's own file shows the same. */
function spanOf(from, to) {
  const first = BigInt(from.inPoint) + BigInt(to.start) - BigInt(from.start);
  return { from: first, to: first + BigInt(to.end) - BigInt(to.start), shift: BigInt(to.inPoint) - first };
}

/** The first and the end of what shows and the keyframes between, with their values. */
async function curveOf({ source, param }, span, time) {
  const inside = source.getKeyframeListAsTickTimes().map((key) => BigInt(key.ticks));
  const times = [span.from, ...inside.filter((ticks) => ticks > span.from && ticks < span.to), span.to];
  return { source, param, keys: await Promise.all(times.map(async (at) => ({ at, value: await source.getValueAtTime(time(at)) }))), span };
}

function keyActions({ param, keys, span }, time) {
  return keys.map(({ at, value }) => {
    const key = param.createKeyframe(value);
    key.position = time(at + span.shift);
    return param.createAddKeyframeAction(key);
  });
}

/** What of a curve did not arrive, at its keyframes or between them. */
async function lost({ source, param, keys }, span, time) {
  const agrees = async (at) =>
    same(await source.getValueAtTime(time(at)), await find.tried(() => param.getValueAtTime(time(at + span.shift)), null));
  const every = async (times) => (await Promise.all(times.map(agrees))).every(Boolean);
  if (!(await every(keys.map((key) => key.at)))) return [keyframesOf(param)];
  const between = keys.slice(1).map((key, index) => (keys[index].at + key.at) / 2n);
  return (await every(between)) ? [] : [tell("panel.premiere-curves", { what: String(param.displayName) })];
}

/** {source, param, value, written, moving}: parameters of the clip, and those of the take that differ from them. */
async function differences(from, to) {
  const out = [];
  const [chain, target] = [await from.getComponentChain(), await to.getComponentChain()];
  /** @type {Record<string, number>} */
  const seen = {};
  for (let index = 0; index < chain.getComponentCount(); index += 1) {
    const component = chain.getComponentAtIndex(index);
    const name = await component.getMatchName();
    seen[name] = (seen[name] || 0) + 1;
    const other = find.isCopied(name) ? await sameComponent(target, name, seen[name]) : null;
    for (let each = 0; other && each < component.getParamCount(); each += 1) {
      const [source, param, written] = [component.getParam(each), other.getParam(each), name !== OPACITY || each === 0];
      const moving = source.isTimeVarying();
      const [value, now] = [await startValue(source), await startValue(param)];
      if (moving || (value !== null && !same(value, now))) out.push({ source, param, value, written, moving });
    }
  }
  return out;
}

/** The first, second … of a kind. */
async function sameComponent(chain, name, number) {
  let seen = 0;
  for (let index = 0; index < chain.getComponentCount(); index += 1) {
    if ((await chain.getComponentAtIndex(index).getMatchName()) === name) seen += 1;
    if (seen === number) return chain.getComponentAtIndex(index);
  }
  return null;
}

const startValue = (param) => find.tried(async () => (await param.getStartValue()).value.value, null);

/** Numbers, words and points. */
function same(one, other) {
  if (typeof one === "number" && typeof other === "number") return Math.abs(one - other) <= 1e-4 * Math.max(1, Math.abs(one));
  if (one && other && typeof one === "object") return same(one.x, other.x) && same(one.y, other.y);
  return one === other;
}

module.exports = { copyAttributes };
