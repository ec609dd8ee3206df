// Voting codes as people type them: ballot/code.py says what they are.

import { LOG, POWER, print, symbols, times } from "./base32.js";
import { CodeProblem } from "./fault.js";

const LENGTH = 20;
const GROUP = 4;
const LONGEST_INPUT = 200;

const place = (at) => [Math.floor(at / GROUP) + 1, (at % GROUP) + 1];

/** Where one wrong symbol, or one swap of neighbours, would explain the syndromes. */
function suspects(word, s0, s1) {
  if (s0 && s1) {
    const wrong = (LOG.get(s1) - LOG.get(s0) + 31) % 31;
    return wrong < LENGTH ? [place(wrong)] : [];
  }
  if (!s1) return [];
  const swaps = [];
  for (let at = 0; at < LENGTH - 1; at += 1) {
    if (times(word[at] ^ word[at + 1], POWER[at] ^ POWER[at + 1]) === s1) swaps.push(at);
  }
  return swaps.length === 1 ? [place(swaps[0]), place(swaps[0] + 1)] : [];
}

/** { styleIndex, text, grouped } of a code however it was typed. Throws CodeProblem. */
export function readCode(typed) {
  if ([...typed].length > LONGEST_INPUT) throw new CodeProblem("too-long");
  const word = symbols(typed, (at) => new CodeProblem("unknown-character", { places: [place(at)] }));
  if (word.length < LENGTH) throw new CodeProblem("too-short", { count: LENGTH - word.length });
  if (word.length > LENGTH) throw new CodeProblem("too-long", { count: word.length - LENGTH });
  let [s0, s1] = [0, 0];
  word.forEach((value, at) => {
    s0 ^= value;
    s1 ^= times(value, POWER[at]);
  });
  if (s0 || s1) throw new CodeProblem("does-not-add-up", { places: suspects(word, s0, s1) });
  const text = print(word);
  return { styleIndex: (word[0] << 5) | word[1], text, grouped: text.match(/.{4}/g).join("-") };
}
