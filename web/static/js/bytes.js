// Byte strings, their spellings, and the labels of docs/formats.md section 1.

import { Fault } from "./fault.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (words) => encoder.encode(words);

/** The text of UTF-8 bytes; any other bytes are refused. */
export function text(bytes) {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Fault("not-utf8");
  }
}

export function join(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const u16 = (number) => Uint8Array.of(number >> 8, number & 255);
export const u32 = (number) => join(u16(number >>> 16), u16(number & 65535));
export const equal = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A non-negative BigInt of big-endian bytes, and back into `size` bytes. */
export const integer = (bytes) => (bytes.length ? BigInt(`0x${hex(bytes)}`) : 0n);
export function octets(number, size) {
  const digits = number.toString(16).padStart(2 * size, "0");
  if (digits.length > 2 * size) throw new Fault("number-too-large");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Base64 with padding (RFC 4648 section 4). */
export function base64(bytes) {
  let characters = "";
  for (const byte of bytes) characters += String.fromCharCode(byte);
  return btoa(characters);
}

function decoded(words, spelling, fault) {
  let bytes;
  try {
    bytes = Uint8Array.from(atob(words), (character) => character.charCodeAt(0));
  } catch {
    throw new Fault(fault);
  }
  // Decoders pass over stray bits and blanks; only one spelling is allowed.
  if (base64(bytes) !== spelling) throw new Fault(fault);
  return bytes;
}

export const unbase64 = (words) => decoded(words, words, "not-base64");

/** Base64url without padding (RFC 4648 section 5). */
export const b64 = (bytes) =>
  base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** The bytes of base64url without padding; `size`, if given, is how many there must be. */
export function unb64(words, size) {
  if (typeof words !== "string" || !/^[A-Za-z0-9_-]*$/.test(words)) throw new Fault("not-base64url");
  const padding = "=".repeat((4 - (words.length % 4)) % 4);
  const padded = words.replaceAll("-", "+").replaceAll("_", "/") + padding;
  const bytes = decoded(padded, padded, "not-base64url");
  if (size !== undefined && bytes.length !== size) throw new Fault("wrong-size", { size });
  return bytes;
}

/** "scrutin/1/" || purpose || 0x00 || u32(length) || field || … */
export const labelled = (purpose, ...fields) =>
  join(utf8(`scrutin/1/${purpose}\0`), ...fields.flatMap((field) => [u32(field.length), field]));

export async function digest(name, bytes) {
  return new Uint8Array(await crypto.subtle.digest(name, bytes));
}

export const sha256 = (bytes) => digest("SHA-256", bytes);
export const random = (size) => crypto.getRandomValues(new Uint8Array(size));
