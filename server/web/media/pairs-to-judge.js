/** Which takes are judged against each other, and on which side each is shown. Pure, but for the dice that are handed in. */

/** @typedef {{id: string, shot: string}} Judged */

/**
 * Every two versions of one shot; where there are none, the first two takes. In random order, sides included.
 * @template {Judged} T
 * @param {readonly T[]} takes
 * @param {() => number} [random] 0 ≤ x < 1
 * @returns {[T, T][]}
 */
export function pairsToJudge(takes, random = Math.random) {
  /** @type {[T, T][]} */
  const pairs = takes.flatMap((one, k) =>
    takes
      .slice(k + 1)
      .filter((other) => other.shot === one.shot)
      .map((other) => /** @type {[T, T]} */ ([one, other])),
  );
  if (!pairs.length && takes.length > 1) pairs.push([takes[0], takes[1]]);
  for (let k = pairs.length - 1; k > 0; k--) {
    const other = Math.floor(random() * (k + 1));
    [pairs[k], pairs[other]] = [pairs[other], pairs[k]];
  }
  return pairs.map(([one, other]) => (random() < 0.5 ? [one, other] : [other, one]));
}
