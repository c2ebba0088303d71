"use strict";
// Checks a value against the part of JSON Schema that host.schema.json uses, before anything reaches the editor.

const KINDS = {
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === "string",
  integer: Number.isInteger,
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
};

/** What is wrong with `value`, a line each; empty = it fits. */
function faults(value, given, definitions, where = "") {
  const rule = given.$ref ? definitions[given.$ref.split("/").pop()] : given;
  const here = where || "the parameters";
  if (rule.anyOf) {
    const tried = rule.anyOf.map((one) => faults(value, one, definitions, where));
    return tried.some((found) => found.length === 0) ? [] : tried.sort((a, b) => a.length - b.length)[0];
  }
  if (rule.enum && !rule.enum.includes(value)) return [`${here} must be one of ${rule.enum.join(", ")}`];
  if (rule.type && !KINDS[rule.type](value)) return [`${here} must be of type ${rule.type}`];
  if (rule.pattern && !new RegExp(rule.pattern).test(value)) return [`${here} is not well formed`];
  const most = rule.type === "string" ? rule.maxLength : rule.type === "array" ? rule.maxItems : undefined;
  if (most !== undefined && value.length > most) return [`${here} is too long`];
  if (rule.type === "array" && rule.items) return value.flatMap((one, index) => faults(one, rule.items, definitions, `${here}[${index}]`));
  if (rule.type === "object" && rule.properties) return ofObject(value, rule, definitions, where);
  return [];
}

function ofObject(value, rule, definitions, where) {
  const known = (key) => Object.prototype.hasOwnProperty.call(rule.properties, key);
  const has = (key) => Object.prototype.hasOwnProperty.call(value, key);
  const missing = (rule.required || []).filter((key) => !has(key)).map((key) => `${key} is missing`);
  const inside = Object.keys(value).flatMap((key) => {
    const name = where ? `${where}.${key}` : key;
    if (known(key)) return faults(value[key], rule.properties[key], definitions, name);
    return rule.additionalProperties === false ? [`${name.slice(0, 80)} is unknown`] : [];
  });
  return missing.concat(inside);
}

module.exports = { faults };
