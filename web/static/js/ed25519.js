// Ed25519 over WebCrypto, with the one rule of validity: docs/formats.md section 4.

import { digest, integer, join, octets, unb64 } from "./bytes.js";
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
  return { key, publicKey: (await shown(pkcs8)) ?? (await multiplied(seed)) };
}

/** The public half as WebCrypto gives it, which is in a JWK only; nothing where it does not (Firefox). */
async function shown(pkcs8) {
  try {
    const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
    const { x } = await crypto.subtle.exportKey("jwk", key);
    return unb64(x, 32);
  } catch {
    return null;
  }
}

// -- the public half by BigInt: RFC 8032 sections 5.1.4 and 5.1.5 ---------------------------------
//
// BigInt does not run in constant time. The same additions are made for every seed, on the device that
// the seed belongs to, once for each page.

const D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n;
const BASE_X = 0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51an;
const BASE_Y = 0x6666666666666666666666666666666666666666666666666666666666666658n;

const modulo = (number) => ((number % P) + P) % P;

function sum([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = modulo((y1 - x1) * (y2 - x2));
  const b = modulo((y1 + x1) * (y2 + x2));
  const c = modulo(modulo(2n * D * t1) * t2);
  const d = modulo(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [modulo(e * f), modulo(g * h), modulo(f * g), modulo(e * h)];
}

/** The inverse of a number modulo P: its (P - 2)th power. */
function inverse(number) {
  let result = 1n;
  for (const bit of (P - 2n).toString(2)) {
    result = modulo(result * result);
    if (bit === "1") result = modulo(result * number);
  }
  return result;
}

/** The public key of a seed: its clamped hash times the base point, encoded. */
export async function multiplied(seed) {
  const half = (await digest("SHA-512", seed)).slice(0, 32);
  half[0] &= 248;
  half[31] = (half[31] & 127) | 64;
  const scalar = little(half);
  let result = [0n, 1n, 1n, 0n];
  let power = [BASE_X, BASE_Y, 1n, modulo(BASE_X * BASE_Y)];
  for (let bit = 0n; bit < 255n; bit += 1n) {
    const added = sum(result, power);
    result = (scalar >> bit) & 1n ? added : result;
    power = sum(power, power);
  }
  const unit = inverse(result[2]);
  const [x, y] = [modulo(result[0] * unit), modulo(result[1] * unit)];
  return octets(y | ((x & 1n) << 255n), 32).reverse();
}

export async function sign(key, message) {
  return new Uint8Array(await crypto.subtle.sign("Ed25519", key, message));
}
