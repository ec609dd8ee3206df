// Ed25519 over WebCrypto, with the one rule of validity: docs/formats.md section 4.

import { integer, join, unb64 } from "./bytes.js";
import { Fault } from "./fault.js";

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
const SMALL = new Set([0n, 1n, P - 1n, ORDER_8, P - ORDER_8]);
// The DER of a PKCS #8 private key up to the 32 bytes of the seed (RFC 8410 section 7).
const PKCS8 = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32);

const little = (bytes) => integer(Uint8Array.from(bytes).reverse());

function point(bytes) {
  const y = little(bytes) & (2n ** 255n - 1n);
  return y < P && !SMALL.has(y);
}

/** Whether `signature` is by `key` over `message`; the only function here that answers so. */
export async function holds(key, signature, message) {
  if (key.length !== 32 || signature.length !== 64) return false;
  if (!point(key) || !point(signature.slice(0, 32)) || little(signature.slice(32)) >= L) return false;
  try {
    const imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, signature, message);
  } catch {
    return false;
  }
}

export async function verify(key, signature, message, code = "bad-signature") {
  if (!(await holds(key, signature, message))) throw new Fault(code);
}

/** The key pair of a 32-byte private seed: { key (to sign with), publicKey (32 bytes) }. */
export async function keyPair(seed) {
  const pkcs8 = join(PKCS8, seed);
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  // WebCrypto gives the public half in a JWK only.
  const shown = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
  const { x } = await crypto.subtle.exportKey("jwk", shown);
  return { key, publicKey: unb64(x, 32) };
}

export async function sign(key, message) {
  return new Uint8Array(await crypto.subtle.sign("Ed25519", key, message));
}
