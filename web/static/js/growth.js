// Whether a log only grew: the tiles that it publishes (C2SP tlog-tiles) lead to the root of an
// earlier checkpoint and to that of the newest, which is what a consistency proof of RFC 6962
// section 2.1.2 shows.

import { equal } from "./bytes.js";
import { DoorProblem, Fault } from "./fault.js";
import { node } from "./merkle.js";

const WIDTH = 256;
const HEIGHT = 8;
const HASH = 32;
const TRIES = 3;
const PAUSE = 2;

/** Where RFC 6962 splits entries: after the largest power of two below their number. */
function split(begin, end) {
  let half = 1;
  while (2 * half < end - begin) half *= 2;
  return begin + half;
}

/** The hash over entries begin..end-1. `perfect(height, index)` gives the hash of a whole subtree. */
async function subtree(perfect, begin, end) {
  const height = Math.log2(end - begin);
  if (Number.isInteger(height)) return perfect(height, begin / (end - begin));
  const middle = split(begin, end);
  return node(await subtree(perfect, begin, middle), await subtree(perfect, middle, end));
}

/** The hashes over entries begin..old-1 and begin..end-1, out of the same nodes. */
async function both(perfect, begin, end, old) {
  if (end === old) {
    const hash = await subtree(perfect, begin, end);
    return [hash, hash];
  }
  const middle = split(begin, end);
  if (old <= middle) {
    const [was, is] = await both(perfect, begin, middle, old);
    return [was, await node(is, await subtree(perfect, middle, end))];
  }
  const left = await subtree(perfect, begin, middle);
  const [was, is] = await both(perfect, middle, end, old);
  return [await node(left, was), await node(left, is)];
}

/** Throws unless the tree (old.size, old.root) is how the tree (head.size, head.root) began: Fault
 *  "log-shrunk"; "log-forked", when an entry that was there is gone or another; "log-malformed",
 *  when the nodes do not belong to `head`. */
export async function verifyGrowth(old, head, perfect) {
  if (head.size < old.size) throw new Fault("log-shrunk");
  if (head.size === old.size) {
    if (!equal(head.root, old.root)) throw new Fault("log-forked");
    return;
  }
  if (old.size === 0) return;
  const [was, is] = await both(perfect, 0, head.size, old.size);
  if (!equal(is, head.root)) throw new Fault("log-malformed", { why: "tile" });
  if (!equal(was, old.root)) throw new Fault("log-forked");
}

/** The path of a tile below the log. */
export function tilePath(level, index, width) {
  const digits = String(index);
  const groups = digits.padStart(3 * Math.ceil(digits.length / 3), "0").match(/.../g);
  const last = groups.pop();
  return `tile/${[level, ...groups.map((each) => `x${each}`), last].join("/")}${width === WIDTH ? "" : `.p/${width}`}`;
}

/** Reads the nodes of the log with `size` entries from its tiles; `get(path)` as `Door.getOnce`. */
export function tileNodes(size, { get, pause }) {
  const tiles = new Map();

  async function fetched(level, index, width) {
    for (let tried = 1; ; tried += 1) {
      // A partial tile may be gone once the full one is there.
      for (const each of new Set([width, WIDTH])) {
        try {
          const bytes = await get(`/log/${tilePath(level, index, each)}`);
          if (bytes.length !== each * HASH) throw new Fault("log-malformed", { why: "tile" });
          return bytes;
        } catch (error) {
          if (!(error instanceof DoorProblem) || error.status !== 404) throw error;
        }
      }
      // The checkpoint is signed a moment before its tiles are written.
      if (tried === TRIES) throw new Fault("log-unproved");
      await pause(PAUSE);
    }
  }

  return async (height, index) => {
    const level = Math.floor(height / HEIGHT);
    const count = 2 ** (height % HEIGHT);
    const place = Math.floor((index * count) / WIDTH);
    const width = Math.min(WIDTH, Math.floor(size / WIDTH ** level) - place * WIDTH);
    const name = tilePath(level, place, width);
    if (!tiles.has(name)) tiles.set(name, fetched(level, place, width));
    const bytes = await tiles.get(name);
    const first = (index * count) % WIDTH;
    let row = Array.from({ length: count }, (_, at) => bytes.slice(HASH * (first + at), HASH * (first + at + 1)));
    while (row.length > 1) {
      const above = [];
      for (let at = 0; at < row.length; at += 2) above.push(await node(row[at], row[at + 1]));
      row = above;
    }
    return row[0];
  };
}
