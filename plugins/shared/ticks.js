"use strict";
// Premiere's time, exactly: ticks as decimal strings, frames as numbers, rates as "24000/1001". BigInt inside: ticks outgrow doubles.

const PER_SECOND = 254016000000n;

function gcd(a, b) {
  return b === 0n ? a : gcd(b, a % b);
}

/** Frame rate of a sequence from its ticks per frame: "10594584000" → "24000/1001". */
function rateOf(timebase) {
  const perFrame = BigInt(timebase);
  const common = gcd(PER_SECOND, perFrame);
  return `${PER_SECOND / common}/${perFrame / common}`;
}

/** A fraction in lowest terms, "2/5". */
function reduced(numerator, denominator) {
  const common = gcd(numerator < 0n ? -numerator : numerator, denominator) || 1n;
  return `${numerator / common}/${denominator / common}`;
}

/** "24000/1001" → [24000n, 1001n]. */
function parts(rate) {
  const [numerator, denominator] = String(rate).split("/");
  return [BigInt(numerator), BigInt(denominator || 1)];
}

/** Ticks of whole frames. Every usual rate divides a second's ticks; others are rounded to the nearest tick. */
function ofFrames(frames, rate) {
  const [numerator, denominator] = parts(rate);
  return String(divided(BigInt(frames) * PER_SECOND * denominator, numerator));
}

/** Frames of ticks, to the nearest frame. */
function toFrames(ticks, rate) {
  const [numerator, denominator] = parts(rate);
  return Number(divided(BigInt(ticks) * numerator, PER_SECOND * denominator));
}

/** Rounded half away from zero. */
function divided(value, by) {
  const half = by / 2n;
  return value >= 0n ? (value + half) / by : -((-value + half) / by);
}

/** Ticks of a number of seconds given as a fraction, "2/5". */
function ofSeconds(seconds) {
  const [numerator, denominator] = parts(seconds);
  return String(divided(numerator * PER_SECOND, denominator));
}

function add(one, other) {
  return String(BigInt(one) + BigInt(other));
}

function subtract(one, other) {
  return String(BigInt(one) - BigInt(other));
}

/** Decimal rates as Premiere rounds them (23.976, 29.97) become exact: "24000/1001". */
function exactRate(number) {
  for (const nominal of [24, 30, 48, 60, 72, 96, 120]) {
    const pulled = (nominal * 1000) / 1001;
    if (Math.abs(number - pulled) <= 2e-4 * pulled) return `${nominal * 1000}/1001`; // 23.98 is a spelling of it, 24 is not
  }
  const thousandths = Math.round(number * 1000);
  const common = Number(gcd(BigInt(thousandths), 1000n));
  return `${thousandths / common}/${1000 / common}`;
}

function toNumber(rate) {
  const [numerator, denominator] = parts(rate);
  return Number(numerator) / Number(denominator);
}

module.exports = { PER_SECOND, reduced, rateOf, ofFrames, toFrames, ofSeconds, add, subtract, exactRate, toNumber, parts };
