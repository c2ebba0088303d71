"use strict";
// Finds this user's render server by its server.json, lets it prove itself before any token is sent, and asks it things.
// `machine` is what the panel's host gives: readText(path), http({method, url, headers, body, certificate}), startServer().

const { refusal, refused } = require("./errors.js");
const { hmac } = require("./sha256.js");

/** The server, proved. Rejects: NoServer, Impostor. */
async function find(machine, serverFile) {
  let said;
  try {
    said = JSON.parse(await machine.readText(serverFile));
  } catch {
    throw refusal("NoServer", "panel.premiere-no-server");
  }
  const server = { url: String(said.url).replace(/\/$/, ""), token: String(said.token), certificate: said.certificate || null };
  const nonce = machine.nonce();
  const proof = await ask(machine, server, "POST", "/api/v1/prove", { nonce }, null);
  if (!proof || !same(String(proof.hmac), hmac(server.token, `heygem-server:${nonce}`))) {
    throw refusal("Impostor", "panel.premiere-impostor", { url: server.url });
  }
  return server;
}

function same(one, other) {
  let different = one.length ^ other.length;
  for (let index = 0; index < other.length; index += 1) different |= one.charCodeAt(index % (one.length || 1)) ^ other.charCodeAt(index);
  return different === 0;
}

/** The JSON answer, null where there is none. Rejects with the server's own sentence. */
async function ask(machine, server, method, path, body, token) {
  const headers = { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  let answer;
  try {
    const text = body === null ? null : JSON.stringify(body);
    answer = await machine.http({ method, url: server.url + path, headers, body: text, certificate: server.certificate });
  } catch (problem) {
    throw refusal("NoServer", "panel.premiere-server-silent", { why: problem.message });
  }
  const said = answer.text ? parsed(answer.text) : null;
  if (answer.status >= 400 && said && said.message) throw refused(said.error || "Refused", said);
  if (answer.status >= 400) throw refusal((said && said.error) || "Refused", "panel.premiere-server-status", { status: answer.status });
  return said;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A token for this editor and this project alone. */
async function hostToken(machine, server, host, project) {
  return (await ask(machine, server, "POST", "/api/v1/tokens", { scope: "host", host, project }, server.token)).token;
}

module.exports = { find, ask, hostToken, parsed };
