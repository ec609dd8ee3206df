// A hash as people compare it: short in words (proquints, arXiv:0901.4016) and in hex digits.

const CONSONANTS = "bdfghjklmnprstvz";
const VOWELS = "aiou";
const SHOWN = 8;

/** The first 64 bits of `digest`: four words, and four groups of four hex digits. */
export function hashWords(digest) {
  const words = [];
  const groups = [];
  for (let at = 0; at < SHOWN; at += 2) {
    const bits = (digest[at] << 8) | digest[at + 1];
    words.push(CONSONANTS[bits >> 12] + VOWELS[(bits >> 10) & 3] + CONSONANTS[(bits >> 6) & 15]
      + VOWELS[(bits >> 4) & 3] + CONSONANTS[bits & 15]);
    groups.push(bits.toString(16).padStart(4, "0"));
  }
  return { words: words.join(" "), hex: groups.join(" ") };
}
