// Where a browser keeps things: keys in IndexedDB, everything else in a storage of strings.

import { Fault } from "./fault.js";

const DATABASE = "scrutin";
const STORE = "keys";
const PREFIX = "scrutin/1/";

const SEEN = "scrutin/seen/1/";

export const name = (election) => PREFIX + election;

/** Where the state of the log that was seen last is kept. */
export const seenName = (election) => SEEN + election;

const done = (request) => new Promise((resolve, reject) => {
  request.addEventListener("success", () => resolve(request.result));
  request.addEventListener("error", () => reject(request.error));
  request.addEventListener("blocked", () => reject(new Fault("storage")));
});

/** What `act` asks of the keys that never leave the browser. */
export async function keys(mode, act) {
  const opening = indexedDB.open(DATABASE, 1);
  opening.addEventListener("upgradeneeded", () => opening.result.createObjectStore(STORE));
  const database = await done(opening);
  try {
    const transaction = database.transaction(STORE, mode);
    const result = await done(act(transaction.objectStore(STORE)));
    if (mode === "readwrite") {
      await new Promise((resolve, reject) => {
        transaction.addEventListener("complete", resolve);
        transaction.addEventListener("abort", () => reject(transaction.error));
      });
    }
    return result;
  } finally {
    database.close();
  }
}

/** The storage of strings; on a `shared` device it goes with the tab. Throws what the browser does
 *  when it keeps nothing. */
export async function openStorage({ shared = false } = {}) {
  const storage = shared ? sessionStorage : localStorage;
  const probe = `scrutin/${crypto.randomUUID()}`;
  storage.setItem(probe, "1");
  storage.removeItem(probe);
  await keys("readonly", (store) => store.count());
  return storage;
}

/** Whether somebody called this device their own: it keeps a vote that was begun, or what a log
 *  showed, of any election. */
export function isOwn() {
  try {
    return Object.keys(localStorage).some((each) => each.startsWith(PREFIX) || each.startsWith(SEEN));
  } catch {
    return false;
  }
}

/** Whether this browser may hold a vote that was begun, of any election. */
export function mayHold() {
  try {
    return [localStorage, sessionStorage].flatMap((storage) => Object.keys(storage))
      .some((each) => each.startsWith(PREFIX));
  } catch {
    return false;
  }
}
