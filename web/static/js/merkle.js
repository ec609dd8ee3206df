// Inclusion proofs of RFC 6962 section 2.1.1 (verified as RFC 9162 section 2.1.3.2 says).

import { equal, join, sha256 } from "./bytes.js";
import { Fault } from "./fault.js";

/** The hash of a node from the hashes of its two children. */
export const node = (left, right) => sha256(join(Uint8Array.of(1), left, right));

/** Throws Fault "log-proof" unless the leaf hash stands at `index` of the tree of `size` entries with
 *  this root. */
export async function verifyInclusion(index, size, leaf, path, root) {
  const sound = Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size
    && [leaf, root, ...path].every((hash) => hash.length === 32);
  if (!sound) throw new Fault("log-proof");
  let [at, last, hash] = [BigInt(index), BigInt(size) - 1n, leaf];
  for (const sibling of path) {
    if (last === 0n) throw new Fault("log-proof");
    if (at & 1n || at === last) {
      hash = await node(sibling, hash);
      while (!(at & 1n) && at) [at, last] = [at >> 1n, last >> 1n];
    } else {
      hash = await node(hash, sibling);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  if (last !== 0n || !equal(hash, root)) throw new Fault("log-proof");
}
