// What a device keeps of one election: the seed under a key that never leaves the browser, and
// everything else under a key that follows from the seed.

import { b64, random, unb64, utf8 } from "./bytes.js";
import { encode, parse } from "./canonical.js";
import { Fault } from "./fault.js";
import { derive } from "./seed.js";
import { keys, name, openStorage } from "./storage.js";

const VERSION = 1;
const IV = 12;

async function lock(key, bytes, context) {
  const iv = random(IV);
  const parameters = { name: "AES-GCM", iv, additionalData: utf8(context) };
  return { iv: b64(iv), data: b64(new Uint8Array(await crypto.subtle.encrypt(parameters, key, bytes))) };
}

async function unlock(key, { iv, data }, context) {
  const parameters = { name: "AES-GCM", iv: unb64(iv, IV), additionalData: utf8(context) };
  return new Uint8Array(await crypto.subtle.decrypt(parameters, key, unb64(data)));
}

const aes = (extractable, source) => source
  ? crypto.subtle.importKey("raw", source, "AES-GCM", extractable, ["encrypt", "decrypt"])
  : crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, extractable, ["encrypt", "decrypt"]);

class Vault {
  constructor(election, storage) {
    this.election = election;
    this.storage = storage;
    this.name = name(b64(election));
  }

  async #key(seed, style) {
    return aes(false, await derive(seed, this.election, style, 32, utf8("vault")));
  }

  /** { seed, style, state } of what was written, or null. */
  async read() {
    const written = this.storage.getItem(this.name);
    if (written === null) return null;
    let deviceKey;
    try {
      deviceKey = await keys("readonly", (store) => store.get(this.name));
    } catch {
      // Not the same as nothing kept: whoever began anew now would lose the seed for good.
      throw new Fault("storage");
    }
    try {
      const { seed: wrapped, state } = JSON.parse(written);
      const { seed, style } = parse(await unlock(deviceKey, wrapped, `${this.name}/seed`));
      const bytes = unb64(seed, 32);
      const key = await this.#key(bytes, style);
      this.locked = { wrapped, key };
      return { seed: bytes, style, state: parse(await unlock(key, state, `${this.name}/state`)) };
    } catch {
      // The browser cleared one half, or it is damaged: nothing in it can be had again.
      return null;
    }
  }

  /** Begins anew with a seed; what was there before is gone. */
  async create(seed, style, state) {
    const deviceKey = await aes(false);
    const wrapped = await lock(deviceKey, encode({ seed: b64(seed), style }), `${this.name}/seed`);
    await keys("readwrite", (store) => store.put(deviceKey, this.name));
    this.locked = { wrapped, key: await this.#key(seed, style) };
    await this.write(state);
  }

  /** Writes after writes, never one across another. */
  write(state) {
    const bytes = encode(state);
    const { wrapped, key } = this.locked;
    const turn = (this.turn ?? Promise.resolve()).then(async () => {
      if (this.locked?.key !== key) return;
      const sealed = await lock(key, bytes, `${this.name}/state`);
      this.storage.setItem(this.name, JSON.stringify({ version: VERSION, seed: wrapped, state: sealed }));
    });
    this.turn = turn.catch(() => {});
    return turn.catch(() => { throw new Fault("storage"); });
  }

  async erase() {
    await this.turn;
    this.locked = undefined;
    this.storage.removeItem(this.name);
    await keys("readwrite", (store) => store.delete(this.name));
  }
}

/** The vault of an election (E). On a `shared` device it goes with the tab. Throws Fault "storage"
 *  when this browser keeps nothing. */
export async function openVault(election, { shared = false } = {}) {
  try {
    return new Vault(election, await openStorage({ shared }));
  } catch {
    throw new Fault("storage");
  }
}
