// The seed that everything of a device follows from, and the sheet it is printed on
// (docs/formats.md section 11).

import { POWER, print, symbols, times } from "./base32.js";
import { integer, labelled, octets, random, sha256, u16, utf8 } from "./bytes.js";
import { SeedProblem } from "./fault.js";

const SIZE = 32;
const GROUPS = 14;
const DATA = 4;
const LONGEST_INPUT = 500;
const CHECK_BITS = 14n;

export const newSeed = () => random(SIZE);

/** HKDF-SHA256 of the seed, bound to the election, the style and the purpose (bytes). */
export async function derive(seed, election, style, size, ...purpose) {
  const key = await crypto.subtle.importKey("raw", seed, "HKDF", false, ["deriveBits"]);
  const info = labelled("device", election, utf8(style), ...purpose);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 8 * size));
}

async function check(seed, styleIndex, election) {
  const digest = await sha256(labelled("sheet", election, u16(styleIndex), seed));
  return integer(digest.slice(0, 2)) >> 2n;
}

const checkSymbol = (group, data) =>
  data.reduce((sum, value, at) => sum ^ times(value, POWER[at + 1]), group);

/** The seed as printed: 14 groups of four symbols and a check symbol. */
export async function writeSheet(seed, styleIndex, election) {
  let number = (BigInt(styleIndex) << 256n) | integer(seed);
  number = (number << CHECK_BITS) | (await check(seed, styleIndex, election));
  const words = [];
  for (let group = GROUPS - 1; group >= 0; group -= 1) {
    const data = [15n, 10n, 5n, 0n].map((bits) => Number((number >> bits) & 31n));
    number >>= 20n;
    words.unshift(print([...data, checkSymbol(group, data)]));
  }
  return words.join("-");
}

/** { seed, styleIndex } of a sheet of this election, however it was typed. Throws SeedProblem. */
export async function readSheet(typed, election) {
  const whole = GROUPS * (DATA + 1);
  if (typed.length > LONGEST_INPUT) throw new SeedProblem("too-long");
  const refuse = (at) => new SeedProblem("unknown-character", { groups: [Math.floor(at / (DATA + 1)) + 1] });
  const word = symbols(typed, refuse);
  if (word.length < whole) throw new SeedProblem("too-short", { count: whole - word.length });
  if (word.length > whole) throw new SeedProblem("too-long", { count: word.length - whole });
  let number = 0n;
  const groups = [];
  for (let group = 0; group < GROUPS; group += 1) {
    const data = word.slice(group * (DATA + 1), group * (DATA + 1) + DATA);
    if (checkSymbol(group, data) !== word[group * (DATA + 1) + DATA]) groups.push(group + 1);
    for (const value of data) number = (number << 5n) | BigInt(value);
  }
  if (groups.length) throw new SeedProblem("does-not-add-up", { groups });
  const seed = octets((number >> CHECK_BITS) & (2n ** 256n - 1n), SIZE);
  const styleIndex = Number(number >> (256n + CHECK_BITS));
  if ((await check(seed, styleIndex, election)) !== (number & (2n ** CHECK_BITS - 1n))) {
    throw new SeedProblem("other-election");
  }
  return { seed, styleIndex };
}
