// The newest signed state of the log that this device saw. It holds nothing of any ballot, and it is
// kept where its owner said that the device is theirs, never on a shared one.

import { b64, utf8 } from "./bytes.js";
import { openCheckpoint } from "./note.js";
import { seenName } from "./storage.js";

const place = (election) => seenName(b64(election.hash));

function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** { size, root, note } of the newest checkpoint seen, or null. What is kept is the signed text itself:
 *  damaged or made up, it does not open, and accuses nobody. */
export async function readSeen(election) {
  const note = stored(place(election));
  if (note === null) return null;
  try {
    const { size, root } = await openCheckpoint(utf8(note), election.manifest);
    return { size, root: b64(root), note };
  } catch {
    return null;
  }
}

/** Keeps `head`, unless a later one is kept already. */
export function keepSeen(election, head) {
  // Two tabs that check at once must not put the earlier one back.
  return navigator.locks.request(place(election), async () => {
    const kept = await readSeen(election);
    if (kept && kept.size >= head.size) return;
    try {
      localStorage.setItem(place(election), head.note);
    } catch {
      // A browser that keeps nothing checks each visit by itself.
    }
  });
}

export function forgetSeen(election) {
  try {
    localStorage.removeItem(place(election));
  } catch {
    // Nothing could be kept either.
  }
}
