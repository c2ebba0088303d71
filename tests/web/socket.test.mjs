import assert from "node:assert/strict";
import { test } from "node:test";

import { makeClient } from "../../server/web/client.js";
import { proofOf } from "../../server/web/client/http.js";
import { readPreview } from "../../server/web/client/socket.js";
import { event, jobView } from "./helpers.mjs";

/** A socket whose other end is the test. */
function scriptedSocket() {
  const opened = [];
  class Scripted {
    constructor(url) {
      this.url = url;
      this.readyState = 0;
      this.sent = [];
      opened.push(this);
    }
    send(text) {
      this.sent.push(JSON.parse(text));
    }
    close() {
      if (this.readyState === 3) return;
      this.readyState = 3;
      queueMicrotask(() => this.onclose?.());
    }
    open() {
      this.readyState = 1;
      this.onopen();
    }
    say(message) {
      return this.onmessage({ data: JSON.stringify(message) });
    }
  }
  return { opened, Scripted };
}

/** Until it is true; a test that waits for what never comes fails by its own assertion. */
async function until(isSo) {
  for (let k = 0; k < 400 && !isSo(); k++) await new Promise((resolve) => setTimeout(resolve, 5));
}
const connected = (options = {}) => {
  const { opened, Scripted } = scriptedSocket();
  const client = makeClient({ base: "http://127.0.0.1:1", WebSocket: Scripted, waitMs: () => 1, ...options });
  client.connect();
  return { client, opened };
};

test("a log that is opened is told in a few batches, and everything else at once", async () => {
  const { client, opened } = connected();
  opened[0].open();
  opened[0].say({ type: "welcome", epoch: "e", seq: 7, scope: "page" });
  let told = 0;
  client.subscribe(() => told++);
  const line = (number) => opened[0].say({ type: "log", job: "j1", number, at: 0, level: "info", message: `line ${number}` });
  for (let number = 1; number <= 500; number++) line(number);
  assert.equal(told, 0);
  assert.equal(client.state.logs.j1.length, 500, "whoever looks sees them already");
  opened[0].say(event(8, { kind: "job.added", job: jobView() }));
  assert.equal(told, 1, "an event is told at once, and the lines with it");
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(told, 1, "nothing is told twice");
  line(501);
  await until(() => told === 2);
  assert.equal(told, 2, "lines alone are told too");
  line(501);
  line(3);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(told, 2, "lines that were known change nothing");
});

test("after a lost connection it asks for what came after the last event it saw", async () => {
  const { client, opened } = connected();
  opened[0].open();
  assert.deepEqual(opened[0].sent[0], { type: "hello", token: null, since: null, epoch: null, previews: false, logs: [] });
  opened[0].say({ type: "welcome", epoch: "e", seq: 7, scope: "page" });
  opened[0].say({ type: "snapshot", epoch: "e", seq: 7, jobs: [] });
  opened[0].say(event(8, { kind: "job.added", job: jobView() }));
  opened[0].close();
  await until(() => client.state.connection === "waiting");
  assert.equal(client.state.connection, "waiting");
  await until(() => opened.length === 2);
  opened[1].open();
  assert.deepEqual([opened[1].sent[0].since, opened[1].sent[0].epoch], [8, "e"]);
  opened[1].say({ type: "welcome", epoch: "e", seq: 8, scope: "page" });
  assert.equal(client.state.connection, "open");
  assert.deepEqual(Object.keys(client.state.jobs), ["j1"]);
});

test("a gap in the numbers is not shown over: it comes back and has the gap replayed", async () => {
  const { client, opened } = connected();
  opened[0].open();
  opened[0].say({ type: "welcome", epoch: "e", seq: 7, scope: "page" });
  opened[0].say({ type: "snapshot", epoch: "e", seq: 7, jobs: [] });
  opened[0].say(event(9, { kind: "job.added", job: jobView() }));
  assert.deepEqual(client.state.jobs, {});
  await until(() => opened.length === 2);
  opened[1].open();
  assert.equal(opened[1].sent[0].since, 7);
});

test("a token is told only to a server that proves it knows it", async () => {
  const { client, opened } = connected({ token: "abc.secret" });
  opened[0].open();
  const [proof] = opened[0].sent;
  assert.equal(proof.type, "prove");
  assert.equal(proof.grant, "abc");
  await opened[0].say({ type: "proven", hmac: "00" });
  assert.deepEqual(
    opened[0].sent.map((message) => message.type),
    ["prove"],
  );
  assert.equal(client.state.connection, "refused");
  assert.ok(!JSON.stringify(opened[0].sent).includes("secret"));
});

test("with a right proof the token follows", async () => {
  const { opened } = connected({ token: "abc.secret" });
  opened[0].open();
  await opened[0].say({ type: "proven", hmac: await proofOf("abc.secret", opened[0].sent[0].nonce) });
  assert.deepEqual([opened[0].sent[1].type, opened[0].sent[1].token], ["hello", "abc.secret"]);
});

test("a refused sign-in is not tried again and again", async () => {
  const { client, opened } = connected();
  opened[0].open();
  opened[0].say({ type: "refused", error: "Unauthorized", message: "Sign in." });
  await new Promise((resolve) => setTimeout(resolve, 50)); // a next try would come after 1 ms
  assert.equal(opened.length, 1);
  assert.equal(client.state.connection, "refused");
});

test("logs and previews are asked for while somebody looks, and no longer", () => {
  const { client, opened } = connected();
  opened[0].open();
  opened[0].say({ type: "welcome", epoch: "e", seq: 0, scope: "page" });
  const stopLog = client.followLog("j1");
  const stopPictures = client.watchPreviews(() => {});
  assert.deepEqual(opened[0].sent.at(-1), { type: "follow", previews: true, logs: ["j1"] });
  stopLog();
  stopPictures();
  assert.deepEqual(opened[0].sent.at(-1), { type: "follow", previews: false, logs: [] });
});

test("a preview is a header's length, a header and a picture", async () => {
  const header = new TextEncoder().encode(JSON.stringify({ job: "j1", shot: "s1", frame: 3, width: 2, height: 2 }));
  const data = new Uint8Array(4 + header.length + 3);
  new DataView(data.buffer).setUint32(0, header.length);
  data.set(header, 4);
  data.set([1, 2, 3], 4 + header.length);
  const { header: read, picture } = readPreview(data.buffer);
  assert.equal(read.frame, 3);
  assert.deepEqual([...new Uint8Array(await picture.arrayBuffer())], [1, 2, 3]);
});

test("an answer that is no success carries the server's own sentence", async () => {
  globalThis.fetch = async () => new Response(JSON.stringify({ error: "NoSound", message: "There is no sound." }), { status: 422 });
  const { client } = connected();
  await assert.rejects(client.api.info(), { error: "NoSound", message: "There is no sound.", status: 422 });
});
