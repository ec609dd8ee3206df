// What the pages ask of the device: the one place where they meet the modules that do its work.

import { openTest as openTestBallot } from "./ballot.js";
import { b64, utf8 } from "./bytes.js";
import { readCode } from "./code.js";
import { Door } from "./door.js";
import { loadElection } from "./election.js";
import { Fault } from "./fault.js";
import { findInLog, readReceipt, readReceiptCode, receiptBytes, receiptCode } from "./receipt.js";
import { readSheet as readSheetText } from "./seed.js";
import { forgetSeen, keepSeen, readSeen } from "./seen.js";
import { isRefusal } from "./ui-door.js";
import { openVoter, startVoter } from "./voter.js";

export { doorWords } from "./ui-door.js";

const language = document.documentElement.lang;
const decoder = new TextDecoder();
let loading = null;

/** The rules of the vote, read once a page, from the address that never changes. */
function election() {
  const url = document.getElementById("words")?.dataset.manifest;
  loading ??= loadElection({ door: door(), url }).catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

const door = (options = {}) => new Door({ language, ...options });

async function open(options) {
  return openVoter({ election: await election(), door: door(options) });
}

// -- before the ballot --------------------------------------------------------------------------

let beginning = null;

/** What this device holds: null, or the style and stage of the vote that was begun. */
export async function kept() {
  beginning ??= await open();
  return beginning && { style: beginning.style, stage: beginning.stage };
}

export async function readSheet(text) { return readSheetText(text, (await election()).hash); }

function styleOf(rules, codes, sheet) {
  const places = new Set([...codes.values()].map((text) => readCode(text).styleIndex));
  if (sheet) places.add(sheet.styleIndex);
  const style = places.size === 1 ? rules.definition.styles[[...places][0]] : undefined;
  if (!style) throw new Fault("other-election");
  return style.id;
}

/**
 * Gets the credentials for the codes (issuer → text) and gives the style of the ballot. `sheet` is
 * what readSheet gave, or null. A registrar gives one code one answer, bound to the seed of the first
 * request: a vote whose answer may have been lost keeps its seed, and asks again with it.
 */
export async function begin({ codes, sheet, shared }) {
  const rules = await election();
  const styleId = styleOf(rules, codes, sheet);
  let seed = sheet?.seed;
  if (beginning && (seed || beginning.style !== styleId || beginning.shared !== shared)) {
    if (!seed && beginning.style === styleId) seed = beginning.device.seed;
    await forget();
  }
  beginning ??= await startVoter({ election: rules, door: door(), styleId, shared, seed });
  const lost = beginning.notes.asked === true;
  await beginning.note("asked", true);
  try {
    for (const issuer of beginning.missingIssuers) await beginning.obtain(issuer, codes.get(issuer));
  } catch (error) {
    // A seed that no code is bound to is not worth keeping, and the next code may be another's.
    if (isRefusal(error) && !lost) await forget();
    throw error;
  }
  leave();
  return styleId;
}

export async function forget() {
  await beginning?.erase();
  beginning?.close();
  beginning = null;
}

/** Lets the ballot's page have the vote. */
export function leave() {
  beginning?.close();
  beginning = null;
}

// -- the ballot ---------------------------------------------------------------------------------

class Session {
  constructor(rules, voter, sheet) {
    this.rules = rules;
    this.voter = voter;
    this.definition = rules.definition;
    this.shared = voter.shared;
    this.erased = false;
    this.tested = false;
    this.order = voter.notes.order;
    // A shared device forgets the seed when it casts; the page may still print the sheet then.
    this.sheet = sheet;
  }

  get pending() { return this.voter.stage === "sending"; }

  get finished() { return this.voter.stage === "cast"; }

  get castBefore() { return this.voter.castBefore; }

  get canVoteAgain() { return this.voter.canVoteAgain; }

  get receiptCode() { return receiptCode(this.voter.receipt); }

  get receiptFile() { return decoder.decode(this.voter.receipt.bytes); }

  contest(name) {
    return { contest: this.rules.contest(name), form: this.rules.form(this.voter.style, name) };
  }

  choice(name) { return this.voter.choice(name); }

  keep(name, marks, blank) { return this.voter.keep(name, marks, blank); }

  seal() { return this.voter.seal(); }

  cast() { return this.voter.cast(); }

  giveUp() { return this.voter.stage === "sending" ? this.voter.giveUp() : undefined; }

  again() { return this.voter.again(); }

  async test() {
    const { digest, material } = await this.voter.test();
    this.tested = true;
    return { digest, file: decoder.decode(material) };
  }

  async erase() {
    await this.voter.erase();
    forgetSeen(this.rules);
    this.sheet = "";
    this.erased = true;
  }
}

/** The vote in this style that this device holds, or null. */
export async function openSession(styleId) {
  // Whether an answer was lost is told at once: the page itself asks again.
  const voter = await open({ attempts: 1 });
  if (voter === null || voter.stage === "credential") {
    voter?.close();
    return null;
  }
  if (voter.style !== styleId) {
    voter.close();
    location.replace(`/vote/${encodeURIComponent(voter.style)}${location.search}${location.hash}`);
    return new Promise(() => {});
  }
  if (voter.notes.order === undefined) {
    await voter.note("order", crypto.getRandomValues(new Uint32Array(1))[0]);
  }
  return new Session(await election(), voter, await voter.sheet());
}

// -- receipts and tests -------------------------------------------------------------------------

const GROWTH = { "log-shrunk": "shrunk", "log-forked": "forked", "log-unproved": "unproved" };

/** What an observer needs to see for themselves that the log broke its word: two signed states. */
const evidence = (rules, { seen, head }) => JSON.stringify(
  { type: "log-evidence", election: b64(rules.hash), seen: seen.note, now: head.note }, null, 2);

/** What is known of a receipt: {state: in | waiting | missing | shrunk | forked | unproved | changed |
 *  witnesses | forged | misread | offline, …}. With `remember` this device keeps the newest state of
 *  the log, so that the next check sees one that shrank or changed; without, it forgets. */
export async function checkReceipt(text, { remember }) {
  const rules = await election();
  const seen = await readSeen(rules);
  if (!remember) forgetSeen(rules);
  let wanted;
  try {
    wanted = text.startsWith("{") ? await readReceipt(receiptBytes(text), rules) : readReceiptCode(text);
  } catch (error) {
    return { state: error.code === "receipt-signature" ? "forged" : "misread" };
  }
  try {
    const found = await findInLog(wanted, rules, { door: door(), seen });
    if (remember && found.head) await keepSeen(rules, found.head);
    const state = { "in-log": "in", unknown: "missing" }[found.state] ?? found.state;
    return { ...found, state, index: (found.index ?? 0) + 1 };
  } catch (error) {
    if (error.code === "log-witnesses") return { state: "witnesses" };
    if (GROWTH[error.code]) {
      const [size, before] = [error.head.size, seen.size];
      return { state: GROWTH[error.code], size, before, evidence: evidence(rules, error) };
    }
    if (error.code?.startsWith("log-")) return { state: "changed" };
    if (error.code === "silent" || error.code === "busy") return { state: "offline" };
    throw error;
  }
}

/** What a test ballot holds, contest by contest, or {problem: misread | forged | spoiled}. */
export async function openTest(text) {
  const rules = await election();
  let found;
  try {
    found = await openTestBallot(rules, utf8(text));
  } catch (error) {
    const forged = ["ephemeral-key", "does-not-open", "receipt-signature", "receipt-other-ballot"];
    return { problem: forged.includes(error.code) ? "forged" : "misread" };
  }
  if (found.choices.spoiled) return { problem: "spoiled", reason: found.choices.spoiled };
  const contests = rules.contests(found.style).map((contest) => {
    const choice = found.choices[contest.id];
    return {
      contest,
      form: rules.form(found.style, contest.id),
      marks: Array.isArray(choice) ? choice : [],
      spoiled: choice?.spoiled,
    };
  });
  return { definition: rules.definition, digest: found.digest, contests };
}
