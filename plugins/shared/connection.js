"use strict";
// One connection to the server after the other: says who the editor is, answers what it is asked, brings finished takes into the sequence.
// Calls to the editor go one at a time. Nothing is kept on disk: what is due is asked of the server anew with each connection.

const { messagesOf, refusal, refused, say, tell, toldBy } = require("./errors.js");
const { answer } = require("./rpc-dispatch.js");
const incomingTakes = require("./incoming-takes.js");
const servers = require("./server-discovery.js");

const LOOK_MS = 1000; // how often the editor is asked which project is open and what is selected
const STARTING_MS = 30000;
const RENEW_MS = 2000;

class ServerConnection {
  /** `app` is the editor's name in the protocol. `told`: {state(sentence, connected), session(server, token, about), selectionChanged(), said(sentence)}; all optional. Sentences are in `language`. */
  constructor({
    app,
    machine,
    editor,
    schema,
    serverFile,
    hostId,
    capabilities,
    WebSocket,
    told = {},
    placeIncoming = true,
    language = "en",
  }) {
    Object.assign(this, { app, machine, editor, schema, serverFile, hostId, capabilities, WebSocket, told, placeIncoming, language });
    this.sentences = {}; // the server's own, in that language
    this.ended = false;
    this.socket = null;
    this.seen = null;
    this.turn = Promise.resolve();
    this.startedAt = -Infinity;
    this.unreported = [];
  }

  async run() {
    let failures = 0;
    while (!this.ended) {
      try {
        const about = await this.about();
        if (about.project) {
          await this.serve(about);
          failures = 0;
        } else {
          this.say(tell("panel.open-project", { editor: "Premiere" }), false);
          await this.wait(500);
        }
      } catch (problem) {
        failures += 1;
        this.say(toldBy(problem), false);
        await this.wait(Math.min(10000, 250 * 2 ** Math.min(failures, 6)));
      }
    }
  }

  /** A new connection makes a new token. A page that asks all the time gets one every few seconds. */
  renew() {
    const { socket } = this;
    if (!socket || socket.renewing) return;
    socket.renewing = setTimeout(() => socket.close(), Math.max(0, this.openedAt + RENEW_MS - Date.now()));
  }

  stop() {
    this.ended = true;
    if (this.socket) this.socket.close();
  }

  /** One call to the editor after the other, whoever asks. */
  inTurn(work) {
    const done = this.turn.then(work, work);
    this.turn = done.catch(() => {});
    return done;
  }

  about() {
    return this.inTurn(() => this.editor.about());
  }

  async found() {
    try {
      return await servers.find(this.machine, this.serverFile);
    } catch (problem) {
      if (problem.heygem !== "NoServer" || !this.machine.startServer) throw problem;
      if (Date.now() - this.startedAt < STARTING_MS) throw this.machine.startProblem() || problem;
      this.startedAt = Date.now();
      await this.machine.startServer();
      throw refusal("Starting", "panel.starting");
    }
  }

  /** A token for the page that the panel shows: the same as the panel's own. */
  async serve(about) {
    const server = await this.found();
    const token = await servers.hostToken(this.machine, server, this.hostId, about.project);
    const session = { server, token, about };
    const socket = new this.WebSocket(`${server.url.replace(/^http/, "ws")}/api/v1/events`);
    this.socket = socket;
    this.openedAt = Date.now();
    const closed = new Promise((resolve) => {
      socket.onclose = resolve;
    });
    let no = null; // what the server refuses with
    socket.onopen = () => socket.send(JSON.stringify(this.hello(session)));
    socket.onerror = () => {};
    socket.onmessage = (event) => {
      no = this.heard(event.data, session) || no;
    };
    const looking = this.look(session, socket);
    await closed;
    this.socket = null;
    await looking;
    if (no) throw refused("Refused", no);
    if (!this.ended && !session.changed) throw refusal("ConnectionBroke", "panel.connection-broke");
  }

  /** One message; what it is refused with, if it is. Pictures (previews) are the page's. */
  heard(text, session) {
    const message = typeof text === "string" ? servers.parsed(text) : null;
    if (typeof message !== "object" || message === null) return null;
    if (message.type === "refused") return { ...message, message: String(message.message) };
    this.received(message, session).catch((problem) => this.say(toldBy(problem), true));
    return null;
  }

  hello({ token, about }) {
    const host = {
      id: this.hostId,
      app: this.app,
      version: about.version,
      project: about.project,
      project_name: about.projectName,
      capabilities: this.capabilities,
    };
    const since = this.seen ? { epoch: this.seen.epoch, since: this.seen.seq } : {};
    return { type: "hello", token, host, ...since };
  }

  /** Another project is another connection; another selection is news for the page. */
  async look(session, socket) {
    let selected = session.about.selection;
    while (this.socket === socket && !this.ended) {
      await this.wait(LOOK_MS);
      if (this.socket !== socket) return;
      const now = await this.about().catch(() => null);
      if (!now) continue;
      if (now.project !== session.about.project) {
        session.changed = true;
        socket.close();
        return;
      }
      if (now.selection !== selected && this.told.selectionChanged) this.told.selectionChanged();
      selected = now.selection;
    }
  }

  async received(message, session) {
    if (message.jsonrpc === "2.0") return this.answerTo(message, session);
    if (message.type === "welcome") {
      const kept = this.seen && this.seen.epoch === message.epoch;
      this.seen = kept ? this.seen : { epoch: message.epoch, seq: message.seq };
      this.say(tell("panel.connected"), true);
      await this.learn(session);
      if (this.told.session) this.told.session(session);
      await this.report(session);
      return this.lookForTakes(session, null);
    }
    if (message.type === "event" || message.type === "snapshot") {
      this.seen = { epoch: message.epoch || (this.seen && this.seen.epoch), seq: message.seq };
      if (message.kind === "take.added") return this.lookForTakes(session, message.take.shot);
    }
    return undefined;
  }

  /** The server's own sentences in the panel's language: what it refuses is shown here too. Without an answer they stay English. */
  async learn({ server, token }) {
    if (this.language === "en") return;
    this.sentences = await servers.ask(this.machine, server, "GET", `/api/v1/messages/${this.language}`, null, token).catch(() => ({}));
  }

  /** An answer belongs to the connection that asked: a server that was restarted numbers its requests anew. */
  async answerTo(request, session) {
    const asked = this.socket;
    const reply = await this.inTurn(() => answer(this.editor, this.schema, request));
    if (reply && asked && this.socket === asked) asked.send(JSON.stringify(reply));
    if (reply) await this.placed(request, reply, session);
  }

  async lookForTakes(session, shot) {
    if (!this.placeIncoming) return;
    const takes = await this.takes(session, shot);
    for (const take of incomingTakes.due(takes, this.hostId)) {
      const params = await this.placing(take, session);
      if (!params || params.placement.project !== session.about.project) continue;
      const request = { method: incomingTakes.methodFor(take, takes, this.hostId), params };
      const reply = await this.inTurn(() => answer(this.editor, this.schema, { jsonrpc: "2.0", id: 0, ...request }));
      await this.placed(request, reply, session);
    }
  }

  /** Where a take belongs, in the server's words; null = on no timeline of this project. */
  async placing(take, { server, token }) {
    try {
      return await servers.ask(this.machine, server, "GET", `/api/v1/takes/${encodeURIComponent(take.id)}/placing`, null, token);
    } catch (problem) {
      if (problem.heygem === "NoServer") throw problem; // with the next connection it is asked again
      if (!["NotFound", "Forbidden"].includes(problem.heygem)) this.tellPerson([toldBy(problem)]);
      return null;
    }
  }

  async takes({ server, token }, shot) {
    const found = [];
    let before = null;
    do {
      const query = `limit=200${shot ? `&shot=${encodeURIComponent(shot)}` : ""}${before ? `&before=${encodeURIComponent(before)}` : ""}`;
      const page = await servers.ask(this.machine, server, "GET", `/api/v1/takes?${query}`, null, token);
      found.push(...page.takes);
      before = page.next;
    } while (before);
    return found;
  }

  /** Tells the server and the person what became of a take; what the server could not be told is told with the next connection. */
  async placed(request, reply, session) {
    if (request.method !== "host.place" && request.method !== "host.switchTake") return;
    if (reply.error) {
      this.tellPerson([{ ...reply.error.data, message: reply.error.message }]);
      return;
    }
    const { params } = request;
    const placement = { ...params.placement, record_start: reply.result.record_start };
    this.unreported.push([params.take, { host: this.hostId, placement, at: Date.now() / 1000 }]);
    this.tellPerson(outcome(params, reply.result));
    await this.report(session);
  }

  async report({ server, token }) {
    while (this.unreported.length) {
      const [take, body] = this.unreported[0];
      try {
        await servers.ask(this.machine, server, "POST", `/api/v1/takes/${take}/placed`, body, token);
      } catch (problem) {
        if (problem.heygem === "NoServer") throw problem; // it stays first in the queue
      }
      this.unreported.shift();
    }
  }

  say(message, connected) {
    if (this.told.state) this.told.state(say(message, this.language, this.sentences), connected);
  }

  tellPerson(messages) {
    if (this.told.said) this.told.said(messages.map((one) => say(one, this.language, this.sentences)).join(" "));
  }

  wait(milliseconds) {
    return new Promise((resolve) => {
      setTimeout(resolve, milliseconds);
    });
  }
}

function outcome(params, result) {
  const lost = messagesOf(result, "not_copied", "not_copied_messages");
  return [
    tell("panel.take-lies", { name: params.name || tell("panel.the-take"), track: result.track }),
    ...(lost.length ? [tell("panel.not-copied", { what: lost })] : []),
    ...messagesOf(result, "notices", "notice_messages"),
  ];
}

module.exports = { ServerConnection };
