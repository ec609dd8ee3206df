// One resident's vote on one device: code, credentials, choices, sealed, cast or tested, receipt.
// Every step is in the vault before anything is sent; what is sent again is the same bytes.

import { b64, unb64 } from "./bytes.js";
import { leafHash, makeDevice, sealBallot, testMaterial, testSignature } from "./ballot.js";
import { readCode } from "./code.js";
import { blindedMessage, credential } from "./credential.js";
import { CodeProblem, DoorProblem, Fault } from "./fault.js";
import { readReceipt, readTestReceipt } from "./receipt.js";
import { newSeed, writeSheet } from "./seed.js";
import { openVault } from "./vault.js";

const PATIENCE = 2000;

const blankState = (recovered) => ({
  version: 1, stage: "credential", sequence: 1, recovered, conflict: false,
  credentials: {}, choices: {}, notes: {}, ballot: null, receipts: [],
});

class Voter {
  #vault; #state; #door; #release; #ballot = null; #turn = 0; #casting = null;

  constructor({ device, sheet, vault, state, door, shared, release }) {
    this.device = device;
    this.sheet = () => sheet;
    this.election = device.election;
    this.shared = shared;
    this.#vault = vault;
    this.#state = state;
    this.#door = door;
    this.#release = release;
    this.last = null;
  }

  get style() { return this.device.style; }
  get stage() { return this.#ballot && this.#state.stage === "choosing" ? "sealed" : this.#state.stage; }
  get sequence() { return this.#state.sequence; }
  get castBefore() { return this.#state.receipts.length > 0; }
  get canVoteAgain() { return this.#vault !== null && this.sequence < this.election.manifest.maximum_sequence; }
  get receipt() { return this.last; }
  get receipts() { return this.#state.receipts.map((each) => unb64(each)); }
  get missingIssuers() {
    return this.election.manifest.issuers.map(({ id }) => id).filter((id) => !this.#state.credentials[id]);
  }

  async #write(changed) {
    if (!this.#vault) throw new Fault("erased");
    const next = { ...this.#state, ...changed };
    // Until it is kept it has not happened.
    await this.#vault.write(next);
    this.#state = next;
  }

  #require(...stages) {
    if (!stages.includes(this.#state.stage)) throw new Fault("wrong-stage", { stage: this.stage });
  }

  /** Gives an issuer the code, and keeps its credential; the code is kept nowhere. */
  async obtain(issuerId, typed) {
    this.#require("credential");
    const code = readCode(typed);
    if (this.election.definition.styles[code.styleIndex]?.id !== this.style) throw new CodeProblem("other-style");
    const signature = await this.#door.credential(issuerId, {
      election: this.election.hash, style: this.style, code: code.text,
      blindedMessage: await blindedMessage(this.device, issuerId),
    });
    const found = await credential(this.device, issuerId, signature);
    const credentials = { ...this.#state.credentials, [issuerId]: found };
    const all = this.election.manifest.issuers.every(({ id }) => credentials[id]);
    await this.#write({ credentials, stage: all ? "choosing" : "credential" });
  }

  choice(contestId) { return this.#state.choices[contestId] ?? { marks: [], blank: false }; }

  async keep(contestId, marks, blank = false) {
    this.#require("choosing", "credential");
    this.#unseal();
    // At once, so that two changes that follow each other both stand.
    this.#state = { ...this.#state, choices: { ...this.#state.choices, [contestId]: { marks, blank } } };
    await this.#write({});
  }

  get notes() { return this.#state.notes; }

  async note(name, value) {
    this.#state = { ...this.#state, notes: { ...this.#state.notes, [name]: value } };
    await this.#write({});
  }

  #unseal() {
    this.#turn += 1;
    this.#ballot = null;
  }

  #sealed(sequence) {
    const choices = Object.fromEntries(Object.entries(this.#state.choices).map(([id, { marks }]) => [id, marks]));
    return sealBallot(this.device, choices, Object.values(this.#state.credentials), sequence);
  }

  /** Seals and signs the choices as they stand; gives the hash of the sealed bytes. */
  async seal() {
    this.#require("choosing");
    this.#unseal();
    const turn = this.#turn;
    const ballot = await this.#sealed(this.sequence);
    if (turn === this.#turn) this.#ballot = ballot;
    return ballot.digest;
  }

  /** Gives the sealed ballot up: void at the box first, shown afterwards. { digest, material }. */
  async test() {
    const ballot = this.#ballot;
    if (!ballot) throw new Fault("wrong-stage", { stage: this.stage });
    const signature = await testSignature(this.device, ballot.header);
    const receipt = await this.#door.test(ballot.header, signature);
    await readTestReceipt(receipt, this.election, ballot.header);
    this.#unseal();
    return { digest: ballot.digest, material: testMaterial(ballot, receipt) };
  }

  /** Casts the sealed ballot, or the one that is on its way. Throws DoorSilent: call again;
   *  DoorProblem: it was refused, `giveUp` leads back to the choices. */
  cast() {
    this.#casting ??= this.#cast().finally(() => { this.#casting = null; });
    return this.#casting;
  }

  async #cast() {
    if (this.#state.stage !== "sending") {
      this.#require("choosing");
      if (!this.#ballot) throw new Fault("wrong-stage", { stage: this.stage });
      await this.#send(this.#ballot, this.sequence);
    }
    for (;;) {
      const [entry, sealed] = [unb64(this.#state.ballot.entry), unb64(this.#state.ballot.sealed)];
      try {
        const bytes = await this.#door.cast(entry, sealed);
        return await this.#finish(await readReceipt(bytes, this.election, await leafHash(entry)));
      } catch (error) {
        if (!(error instanceof DoorProblem) || error.code !== "conflict") throw error;
        const next = this.sequence + 1;
        if (!this.#state.recovered || next > this.election.manifest.maximum_sequence) {
          await this.#write({ conflict: true });
          throw error;
        }
        await this.#send(await this.#sealed(next), next);
      }
    }
  }

  async #send(ballot, sequence) {
    // The ephemeral key is left behind here: what is cast can be shown to nobody.
    await this.#write({ stage: "sending", sequence, ballot: { entry: b64(ballot.entry), sealed: b64(ballot.sealed) } });
    this.#unseal();
  }

  async #finish(receipt) {
    const receipts = [...this.#state.receipts, b64(receipt.bytes)];
    this.last = receipt;
    const done = { stage: "cast", choices: {}, ballot: null, receipts, recovered: false, conflict: false };
    if (this.shared) {
      this.#state = { ...this.#state, ...done, credentials: {} };
      await this.erase();
    } else {
      await this.#write(done);
    }
    return receipt;
  }

  /** After a refusal: back to the choices, with the next number if the box holds this one. */
  async giveUp() {
    this.#require("sending");
    const sequence = Math.min(this.sequence + (this.#state.conflict ? 1 : 0), this.election.manifest.maximum_sequence);
    await this.#write({ stage: "choosing", ballot: null, sequence, conflict: false });
  }

  /** Begins a ballot that replaces the last one. */
  async again() {
    this.#require("cast");
    if (!this.canVoteAgain) throw new Fault("no-more-ballots");
    await this.#write({ stage: "choosing", sequence: this.sequence + 1, choices: {} });
  }

  /** Everything of this election leaves the device. */
  async erase() {
    const vault = this.#vault;
    this.#vault = null;
    this.#unseal();
    await vault?.erase();
  }

  /** Lets another tab in. */
  close() { this.#release(); }
}

/** Holds the election for this tab: two tabs would seal two ballots of one number. */
async function hold(election) {
  const signal = AbortSignal.timeout(PATIENCE);
  return new Promise((resolve, reject) => {
    navigator.locks.request(`scrutin/${b64(election.hash)}`, { signal }, () => new Promise((release) => { resolve(release); }))
      .catch(() => reject(new Fault("open-elsewhere")));
  });
}

async function held(election, act) {
  const release = await hold(election);
  try {
    const voter = await act(release);
    if (!voter) release();
    return voter;
  } catch (error) {
    release();
    throw error;
  }
}

function sheetOf({ election, style, seed }) {
  const index = election.definition.styles.findIndex(({ id }) => id === style);
  return writeSheet(seed, index, election.hash);
}

/** The vote that was begun on this device, where it stopped; null when there is none. */
export function openVoter({ election, door }) {
  return held(election, async (release) => {
    for (const shared of [true, false]) {
      const vault = await openVault(election.hash, { shared });
      const found = await vault.read();
      if (!found) continue;
      const device = await makeDevice(election, found.style, found.seed);
      const voter = new Voter({ device, sheet: await sheetOf(device), vault, state: found.state, door, shared, release });
      const last = voter.receipts.at(-1);
      if (last) voter.last = await readReceipt(last, election);
      return voter;
    }
    return null;
  });
}

/** A new vote; what this device kept of this election before is gone. With the `seed` of a recovery
 *  sheet it goes on with the pseudonym of another device. */
export function startVoter({ election, door, styleId, shared = false, seed }) {
  return held(election, async (release) => {
    const vault = await openVault(election.hash, { shared });
    const device = await makeDevice(election, styleId, seed ?? newSeed());
    const state = blankState(seed !== undefined);
    await vault.create(device.seed, styleId, state);
    return new Voter({ device, sheet: await sheetOf(device), vault, state, door, shared, release });
  });
}
