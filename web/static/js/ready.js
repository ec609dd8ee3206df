// Whether this browser can vote: each primitive is tried, on a known answer where it has one. The
// modules that use them come later, so that a slow phone knows soon.

import { equal, hex, octets, sha256, utf8 } from "./bytes.js";
import { openStorage } from "./storage.js";

const { subtle } = globalThis.crypto ?? {};
const bytes = (digits) => octets(BigInt(`0x${digits}`), digits.length / 2);
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
// RFC 5869 appendix A.3: 22 times 0x0b, no salt, no info.
const OKM = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8";
// RFC 8032 section 7.1, test 2; the private key behind its DER (RFC 8410 section 7).
const PRIVATE = "302e020100300506032b6570042204204ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
const KEY = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
const SIGNATURE = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
  + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
const MESSAGE = Uint8Array.of(0x72);
const P256 = { name: "ECDH", namedCurve: "P-256" };

async function pair() {
  const made = await subtle.generateKey(P256, true, ["deriveBits"]);
  return { key: made.privateKey, point: await subtle.exportKey("raw", made.publicKey) };
}

async function agree({ key }, { point }) {
  const other = await subtle.importKey("raw", point, P256, false, []);
  return new Uint8Array(await subtle.deriveBits({ name: "ECDH", public: other }, key, 256));
}

const TRIALS = {
  "secure-context": () => isSecureContext && typeof subtle === "object",
  "sha-256": async () => hex(await sha256(utf8("abc"))) === ABC,
  "sha-384": async () => (await subtle.digest("SHA-384", utf8("abc"))).byteLength === 48,
  hkdf: async () => {
    const key = await subtle.importKey("raw", new Uint8Array(22).fill(11), "HKDF", false, ["deriveBits"]);
    const none = new Uint8Array(0);
    const parameters = { name: "HKDF", hash: "SHA-256", salt: none, info: none };
    const made = new Uint8Array(await subtle.deriveBits(parameters, key, 8 * 400));
    return made.length === 400 && hex(made).startsWith(OKM);
  },
  "aes-gcm": async () => {
    const key = await subtle.importKey("raw", bytes(KEY).slice(0, 16), "AES-GCM", false, ["encrypt", "decrypt"]);
    const parameters = { name: "AES-GCM", iv: new Uint8Array(12) };
    const sealed = await subtle.encrypt(parameters, key, utf8(ABC));
    return equal(new Uint8Array(await subtle.decrypt(parameters, key, sealed)), utf8(ABC));
  },
  ed25519: async () => {
    const key = await subtle.importKey("raw", bytes(KEY), "Ed25519", false, ["verify"]);
    const own = await subtle.importKey("pkcs8", bytes(PRIVATE), "Ed25519", false, ["sign"]);
    // Safari's signatures are others each time; they hold all the same.
    const signature = new Uint8Array(await subtle.sign("Ed25519", own, MESSAGE));
    return await subtle.verify("Ed25519", key, bytes(SIGNATURE), MESSAGE)
      && subtle.verify("Ed25519", key, signature, MESSAGE);
  },
  ecdh: async () => {
    const [a, b] = await Promise.all([pair(), pair()]);
    return equal(await agree(a, b), await agree(b, a));
  },
  "rsa-pss": async () => {
    const jwk = { kty: "RSA", n: `${"q".repeat(511)}x`, e: "AQAB" };
    return Boolean(await subtle.importKey("jwk", jwk, { name: "RSA-PSS", hash: "SHA-384" }, false, ["verify"]));
  },
  storage: async () => Boolean(await openStorage()),
  locks: () => Boolean(navigator.locks?.request && AbortSignal.timeout),
};

/** What this browser lacks, as names out of TRIALS; none: it can vote. */
export async function ready() {
  const trials = Object.entries(TRIALS);
  // All at once: each mostly waits for the browser.
  const held = await Promise.all(trials.map(async ([, trial]) => {
    try {
      return await trial();
    } catch {
      return false;
    }
  }));
  return trials.filter((_, at) => !held[at]).map(([name]) => name);
}
