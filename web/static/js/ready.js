// Whether this browser can vote: each primitive is tried, on a known answer where it has one.

import { equal, hex, octets, sha256, utf8 } from "./bytes.js";
import { holds } from "./ed25519.js";
import { agree } from "./hpke.js";
import { derive, newSeed } from "./seed.js";
import { openVault } from "./vault.js";

const bytes = (digits) => octets(BigInt(`0x${digits}`), digits.length / 2);
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
// RFC 8032 section 7.1, test 2.
const KEY = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
const SIGNATURE = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
  + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

async function pair() {
  const made = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
  return { key: made.privateKey, point: new Uint8Array(await crypto.subtle.exportKey("raw", made.publicKey)) };
}

const TRIALS = {
  "secure-context": () => isSecureContext && typeof crypto.subtle === "object",
  "sha-256": async () => hex(await sha256(utf8("abc"))) === ABC,
  "sha-384": async () => (await crypto.subtle.digest("SHA-384", utf8("abc"))).byteLength === 48,
  hkdf: async () => {
    const [once, again] = [await derive(utf8(ABC), utf8(KEY), "", 400), await derive(utf8(ABC), utf8(KEY), "", 400)];
    return once.length === 400 && equal(once, again);
  },
  "aes-gcm": async () => {
    const key = await crypto.subtle.importKey("raw", bytes(KEY).slice(0, 16), "AES-GCM", false, ["encrypt", "decrypt"]);
    const parameters = { name: "AES-GCM", iv: new Uint8Array(12) };
    const sealed = await crypto.subtle.encrypt(parameters, key, utf8(ABC));
    return equal(new Uint8Array(await crypto.subtle.decrypt(parameters, key, sealed)), utf8(ABC));
  },
  ed25519: () => holds(bytes(KEY), bytes(SIGNATURE), Uint8Array.of(0x72)),
  ecdh: async () => {
    const [a, b] = [await pair(), await pair()];
    return equal(await agree(a.key, b.point), await agree(b.key, a.point));
  },
  "rsa-pss": async () => {
    const jwk = { kty: "RSA", n: `${"q".repeat(511)}x`, e: "AQAB" };
    return Boolean(await crypto.subtle.importKey("jwk", jwk, { name: "RSA-PSS", hash: "SHA-384" }, false, ["verify"]));
  },
  storage: async () => Boolean(await openVault(newSeed())),
  locks: () => Boolean(navigator.locks?.request && AbortSignal.timeout),
};

/** What this browser lacks, as names out of TRIALS; none: it can vote. */
export async function ready() {
  const missing = [];
  for (const [name, trial] of Object.entries(TRIALS)) {
    try {
      if (!(await trial())) missing.push(name);
    } catch {
      missing.push(name);
    }
  }
  return missing;
}
