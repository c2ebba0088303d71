import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { problemFrom } from "../../server/web/client/problem.js";
import { sentence, sentences, useMessages } from "../../server/web/messages.js";

const chinese = {
  "disk.full": "“{folder}”所在的磁盘已满。",
  "log.failed": "{what}：失败：{reasons}",
  "work.killed": "工作进程被外部终止。",
};
beforeEach(() => useMessages({}, ", "));

test("a message is shown in the language whose catalogue is there, else in English", () => {
  const full = { code: "disk.full", params: { folder: "/takes" }, message: "The disk of “/takes” is full." };
  assert.equal(sentence(full), "The disk of “/takes” is full.");
  useMessages(chinese, "、");
  assert.equal(sentence(full), "“/takes”所在的磁盘已满。");
});

test("messages within messages and lists are said in the same language", () => {
  useMessages(chinese, "、");
  const killed = { code: "work.killed", params: {}, message: "The worker was ended from outside." };
  const failed = { code: "log.failed", params: { what: "Ana", reasons: [killed, 7] }, message: "" };
  assert.equal(sentence(failed), "Ana：失败：工作进程被外部终止。、7");
});

test("a sentence of before there were codes, and one of a newer server, stay as they came", () => {
  useMessages(chinese, "、");
  assert.equal(sentence(null, "It failed."), "It failed.");
  assert.equal(sentence(undefined), "");
  assert.equal(sentence({ code: "newer", params: {}, message: "Something new." }), "Something new.");
  assert.deepEqual(sentences(["One.", "Two."], []), ["One.", "Two."]);
});

test("a refusal of the server follows the page's language, also when that changes while it is shown", () => {
  const body = JSON.stringify({ error: "DiskFull", code: "disk.full", params: { folder: "/takes" }, message: "The disk is full." });
  const problem = problemFrom(507, body, "");
  assert.equal(problem.message, "The disk is full.");
  useMessages(chinese, "、");
  assert.equal(problem.message, "“/takes”所在的磁盘已满。");
  assert.equal(problemFrom(500, '{"error": "Broken", "message": "As before."}', "").message, "As before.");
});
