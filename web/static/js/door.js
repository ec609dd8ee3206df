// Speaking to the doors. A request may be sent again: the same request gets the same answer.

import { b64, text, unb64 } from "./bytes.js";
import { encode, parse } from "./canonical.js";
import { DoorProblem, DoorSilent } from "./fault.js";

const TIMEOUT = 20_000;
const LONGEST_WAIT = 10;
const PAUSES = [0.5, 1.5, 4];
const AGAIN = ["busy", "too-many-requests", "internal"];

const wait = (seconds) => new Promise((resolve) => { setTimeout(resolve, 1000 * seconds); });

/** The doors at `base` ("" = where this page comes from). `attempts` a request, with pauses. */
export class Door {
  constructor({ base = "", language, attempts = 4, pause = wait, fetch = (...request) => globalThis.fetch(...request) } = {}) {
    Object.assign(this, { base, language, attempts, pause, fetch });
  }

  /** The bytes of an answer. Throws DoorProblem (refused) or DoorSilent (nothing readable). */
  async ask(method, path, value, cache = "no-store") {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.once(method, path, value, cache);
      } catch (error) {
        const again = error instanceof DoorSilent || AGAIN.includes(error.code);
        const pause = Math.max(error.retryAfter ?? 0, PAUSES[Math.min(attempt, PAUSES.length) - 1]);
        if (!again || attempt >= this.attempts || pause > LONGEST_WAIT) throw error;
        // Not all at once after an outage.
        await this.pause(pause * (1 + Math.random() / 2));
      }
    }
  }

  async once(method, path, value, cache) {
    const headers = this.language ? { "Accept-Language": this.language } : {};
    if (value !== undefined) headers["Content-Type"] = "application/json";
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), TIMEOUT);
    let [status, bytes, retry] = [0, undefined, null];
    try {
      const answer = await this.fetch(this.base + path, {
        method, headers, body: value === undefined ? undefined : encode(value), cache,
        credentials: "omit", redirect: "error", referrerPolicy: "no-referrer", signal: stop.signal,
      });
      status = answer.status;
      retry = answer.headers.get("Retry-After");
      bytes = new Uint8Array(await answer.arrayBuffer());
    } catch {
      throw new DoorSilent("network");
    } finally {
      clearTimeout(timer);
    }
    if (status === 200) return bytes;
    let problem;
    try {
      problem = JSON.parse(text(bytes));
    } catch {
      throw new DoorSilent("answer");
    }
    if (typeof problem?.code !== "string") throw new DoorSilent("answer");
    throw new DoorProblem(problem.code, {
      status,
      reason: problem.reason ?? null,
      detail: problem.detail ?? "",
      fields: problem.errors ?? [],
      retryAfter: /^[0-9]{1,6}$/.test(retry ?? "") ? Number(retry) : null,
    });
  }

  get(path) { return this.ask("GET", path); }

  /** What never changes at its address: the browser's own copy will do. */
  getOnce(path) { return this.ask("GET", path, undefined, "default"); }

  /** The issuer's blind signature for the holder of a code. */
  async credential(issuer, { election, style, code, blindedMessage }) {
    const value = { election: b64(election), style, code, blinded_message: b64(blindedMessage) };
    const answer = await this.ask("POST", `/registrar/${encodeURIComponent(issuer)}/credentials`, value);
    try {
      return unb64(JSON.parse(text(answer)).blind_signature);
    } catch {
      throw new DoorSilent("answer");
    }
  }

  /** The signed receipt for a ballot. */
  cast(entry, sealed) { return this.ask("POST", "/box/ballots", { entry: parse(entry), sealed: b64(sealed) }); }

  /** The signed test receipt for a ballot that is given up. */
  test(header, signature) { return this.ask("POST", "/box/tests", { header, signature: b64(signature) }); }

  /** The proof file of a ballot in the log. */
  proof(leafHash) { return this.get(`/box/proofs/${b64(leafHash)}`); }
}
