"use strict";
// Makes a take look like the clip it covers. Position and opacity are copied value by value, in a step of undo of their own and only where they
// differ from a fresh clip's; keyframes and other effects are told. What is chosen from a list (the blend mode, second after the opacity) is never
// written: two public bridges report that it damages projects.

const { core } = require("./core.js");
const find = require("./sequence.js");

const { plain, tell } = core("errors.js");

const OPACITY = "AE.ADBE Opacity";

/** Messages of what could not be copied. `inOneStep(label, makeActions)` carries actions out. */
async function copyAttributes(from, to, inOneStep, notices) {
  const missed = await find.effectsOf(from);
  const differing = await differences(from, to);
  const changes = differing.filter((one) => one.written);
  for (const { param } of differing.filter((one) => !one.written)) missed.push(plain(String(param.displayName)));
  if (changes.length === 0) return missed;
  inOneStep("Copy the clip's position and opacity", () =>
    changes.map(({ param, value }) => param.createSetValueAction(param.createKeyframe(value), true)),
  );
  notices.push(tell("panel.premiere-undo-twice"));
  for (const { param, value } of changes) {
    if (!same(await startValue(param), value)) missed.push(plain(String(param.displayName)));
  }
  return missed;
}

async function differences(from, to) {
  const out = [];
  const [source, target] = [await from.getComponentChain(), await to.getComponentChain()];
  for (let index = 0; index < source.getComponentCount(); index += 1) {
    const component = source.getComponentAtIndex(index);
    const name = await component.getMatchName();
    const other = find.ON_EVERY_CLIP.includes(name) ? await sameComponent(target, name) : null;
    for (let each = 0; other && each < component.getParamCount(); each += 1) {
      if (component.getParam(each).isTimeVarying()) continue;
      const [value, now] = [await startValue(component.getParam(each)), await startValue(other.getParam(each))];
      const written = name !== OPACITY || each === 0;
      if (value !== null && !same(value, now)) out.push({ param: other.getParam(each), value, written });
    }
  }
  return out;
}

async function sameComponent(chain, name) {
  for (let index = 0; index < chain.getComponentCount(); index += 1) {
    if ((await chain.getComponentAtIndex(index).getMatchName()) === name) return chain.getComponentAtIndex(index);
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
