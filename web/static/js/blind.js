// Blind RSA signatures, the resident's steps: RFC 9474 with SHA-384, by BigInt.
//
// BigInt does not run in constant time. What it handles here is the resident's own blinding value,
// used once and known to this device alone; no private key is ever in it.

import { b64, digest, equal, integer, join, octets, u32 } from "./bytes.js";
import { Fault } from "./fault.js";

const HASH = 48;
const SALT = 48;
const sha384 = (bytes) => digest("SHA-384", bytes);
// SubjectPublicKeyInfo of a 3072-bit RSA key: everything before the modulus, and the exponent 65537.
const SPKI_HEAD = integer(Uint8Array.of(48, 130, 1, 162, 48, 13, 6, 9, 42, 134, 72, 134, 247, 13, 1, 1,
  1, 5, 0, 3, 130, 1, 143, 0, 48, 130, 1, 138, 2, 130, 1, 129, 0));
const HEAD_SIZE = 33;
const SPKI_TAIL = Uint8Array.of(2, 3, 1, 0, 1);

/** A key by its numbers: { n, e, size (bytes) }. */
export const rsaKey = (n, e) => ({ n, e, size: Math.ceil(n.toString(16).length / 2) });

/** The issuer's key of a manifest: DER, 3072 bits, e = 65537, nothing else. */
export function readKey(spki) {
  const n = integer(spki.slice(HEAD_SIZE, HEAD_SIZE + 384));
  const right = spki.length === HEAD_SIZE + 384 + SPKI_TAIL.length
    && integer(spki.slice(0, HEAD_SIZE)) === SPKI_HEAD && equal(spki.slice(-5), SPKI_TAIL)
    && n >> 3071n === 1n && n & 1n;
  if (!right) throw new Fault("issuer-key");
  return rsaKey(n, 65537n);
}

function power(base, exponent, modulus) {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === "1") result = (result * base) % modulus;
  }
  return result;
}

/** The inverse modulo n, or nothing where there is none. */
function inverse(value, n) {
  let [r, s, next, after] = [n, 0n, value % n, 1n];
  while (next) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [s, after] = [after, s - quotient * after];
  }
  if (r !== 1n) return undefined;
  return s < 0n ? s + n : s;
}

async function mask(seed, size) {
  const blocks = [];
  for (let at = 0; at * HASH < size; at += 1) blocks.push(await sha384(join(seed, u32(at))));
  return join(...blocks).slice(0, size);
}

/** EMSA-PSS-ENCODE (RFC 8017 section 9.1.1) in `bits` bits. */
async function encodePss(message, salt, bits) {
  const size = Math.ceil(bits / 8);
  if (size < HASH + salt.length + 2) throw new Fault("issuer-key");
  const hashed = await sha384(join(new Uint8Array(8), await sha384(message), salt));
  const block = join(new Uint8Array(size - salt.length - HASH - 2), Uint8Array.of(1), salt);
  const masked = (await mask(hashed, block.length)).map((byte, at) => byte ^ block[at]);
  masked[0] &= 255 >> (8 * size - bits);
  return join(masked, hashed, Uint8Array.of(188));
}

/** RFC 9474 section 4.2. { message (to the registrar), inverse (stays), } or nothing when `r` has no
 *  inverse: take another one then. */
export async function blind(key, message, { prefix, salt, r }) {
  const m = integer(await encodePss(join(prefix, message), salt, key.n.toString(2).length - 1));
  if (inverse(m, key.n) === undefined) throw new Fault("issuer-key");
  if (r <= 0n || r >= key.n) throw new Fault("blinding-value");
  const unblind = inverse(r, key.n);
  if (unblind === undefined) return undefined;
  return { message: octets((m * power(r, key.e, key.n)) % key.n, key.size), inverse: unblind };
}

/** RFC 9474 section 4.4: the signature over prefix || message, verified. Throws Fault
 *  "blind-signature" when the registrar's answer is none. */
export async function finalize(key, message, signed, unblind, { prefix, saltSize = SALT }) {
  const value = integer(signed);
  if (signed.length !== key.size || value >= key.n) throw new Fault("blind-signature");
  const signature = octets((value * unblind) % key.n, key.size);
  const jwk = { kty: "RSA", n: b64(octets(key.n, key.size)), e: "AQAB" };
  const algorithm = { name: "RSA-PSS", hash: "SHA-384", saltLength: saltSize };
  const imported = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["verify"]);
  const good = await crypto.subtle.verify(algorithm, imported, signature, join(prefix, message));
  if (!good) throw new Fault("blind-signature");
  return signature;
}
