// HPKE (RFC 9180) base mode, aad empty, one message a context: DHKEM(P-256, HKDF-SHA256),
// HKDF-SHA256, AES-128-GCM. Spelled out because "cast or test" must be able to show the ephemeral key.

import { b64, equal, join, u16, unb64, utf8 } from "./bytes.js";
import { Fault } from "./fault.js";

const P256 = { name: "ECDH", namedCurve: "P-256" };
const POINT = 65;
const KEM = join(utf8("KEM"), u16(16));
const HPKE = join(utf8("HPKE"), u16(16), u16(1), u16(1));
const NONE = new Uint8Array(0);

async function hmac(key, message) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  // HMAC pads its key with zeros: 32 of them are the empty key, which WebCrypto does not import.
  const imported = await crypto.subtle.importKey("raw", key.length ? key : new Uint8Array(32), algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, message));
}

const extract = (suite, salt, label, key) => hmac(salt, join(utf8("HPKE-v1"), suite, utf8(label), key));

async function expand(suite, key, label, info, size) {
  const message = join(u16(size), utf8("HPKE-v1"), suite, utf8(label), info, Uint8Array.of(1));
  return (await hmac(key, message)).slice(0, size);
}

async function importPoint(point) {
  if (point.length !== POINT || point[0] !== 4) throw new Fault("bad-point");
  try {
    return await crypto.subtle.importKey("raw", point, P256, false, []);
  } catch {
    throw new Fault("bad-point");
  }
}

export async function agree(privateKey, point) {
  const parameters = { name: "ECDH", public: await importPoint(point) };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, privateKey, 256));
}

async function schedule(shared, enc, recipient, info) {
  const prk = await extract(KEM, NONE, "eae_prk", shared);
  const secret = await expand(KEM, prk, "shared_secret", join(enc, recipient), 32);
  const context = join(Uint8Array.of(0), await extract(HPKE, NONE, "psk_id_hash", NONE),
    await extract(HPKE, NONE, "info_hash", info));
  const key = await extract(HPKE, secret, "secret", NONE);
  const usable = await crypto.subtle.importKey("raw", await expand(HPKE, key, "key", context, 16), "AES-GCM", false, ["encrypt", "decrypt"]);
  return [{ name: "AES-GCM", iv: await expand(HPKE, key, "base_nonce", context, 12) }, usable];
}

/** A key pair of given numbers: `scalar` 32 bytes, `point` 65. The two are proved to belong together. */
export async function keyPair(scalar, point) {
  const part = (from) => b64(point.slice(from, from + 32));
  const jwk = { kty: "EC", crv: "P-256", x: part(1), y: part(33), d: b64(scalar) };
  let key;
  try {
    await importPoint(point);
    key = await crypto.subtle.importKey("jwk", jwk, P256, false, ["deriveBits"]);
  } catch {
    throw new Fault("ephemeral-key");
  }
  // Not every browser compares the two halves of a JWK: a third key agrees with both, or they differ.
  const third = await crypto.subtle.generateKey(P256, false, ["deriveBits"]);
  const thirdPoint = new Uint8Array(await crypto.subtle.exportKey("raw", third.publicKey));
  if (!equal(await agree(key, thirdPoint), await agree(third.privateKey, point))) throw new Fault("ephemeral-key");
  return { key, scalar, point };
}

async function freshPair() {
  const pair = await crypto.subtle.generateKey(P256, true, ["deriveBits"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const { d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  return { key: pair.privateKey, scalar: unb64(d, 32), point };
}

/** { sealed: enc || ciphertext || tag, ephemeral: 32 bytes }. A pair must never seal twice. */
export async function seal(plaintext, publicKey, info, pair) {
  const own = pair ?? (await freshPair());
  const [parameters, key] = await schedule(await agree(own.key, publicKey), own.point, publicKey, info);
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt(parameters, key, plaintext));
  return { sealed: join(own.point, ciphertext), ephemeral: own.scalar };
}

/** The plaintext of sealed bytes whose device showed its ephemeral key. */
export async function openWithEphemeral(sealed, ephemeral, publicKey, info) {
  const pair = await keyPair(ephemeral, sealed.slice(0, POINT));
  const [parameters, key] = await schedule(await agree(pair.key, publicKey), pair.point, publicKey, info);
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters, key, sealed.slice(POINT)));
  } catch {
    throw new Fault("does-not-open");
  }
}
