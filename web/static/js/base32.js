// Crockford's symbols, as people type them, and the field GF(32) that check symbols live in.

export const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const VALUES = new Map([...ALPHABET].flatMap((each, value) => [[each, value], [each.toLowerCase(), value]]));
for (const [typed, meant] of [["I", "1"], ["L", "1"], ["O", "0"], ["U", "V"]]) {
  for (const each of [typed, typed.toLowerCase()]) VALUES.set(each, VALUES.get(meant));
}
// Blanks as Python's str.isspace has them; hyphen, dashes U+2010 to U+2015, minus, stop, underscore.
const PASSED_OVER = /[\s\x1c-\x1f\x85\u2010-\u2015\u2212._-]/u;

/** The values 0..31 of what was typed; `refuse(position)` is thrown for any other character. */
export function symbols(typed, refuse) {
  const word = [];
  for (const each of typed) {
    if (PASSED_OVER.test(each) && each !== "\ufeff") continue;
    const value = VALUES.get(each);
    if (value === undefined) throw refuse(word.length);
    word.push(value);
  }
  return word;
}

/** The powers of x in GF(2)[x] modulo x^5 + x^2 + 1. */
export const POWER = [1];
while (POWER.length < 31) {
  const doubled = POWER.at(-1) << 1;
  POWER.push(doubled & 32 ? doubled ^ 0b100101 : doubled);
}
export const LOG = new Map(POWER.map((value, exponent) => [value, exponent]));
export const times = (a, b) => (a && b ? POWER[(LOG.get(a) + LOG.get(b)) % 31] : 0);
export const print = (word) => word.map((value) => ALPHABET[value]).join("");
