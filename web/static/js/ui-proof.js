// Whether this browser can vote; and the modules that a page needs only when somebody acts.

import { DoorSilent } from "./fault.js";
import { ready } from "./ready.js";

const KEEPING = ["storage", "locks"];
let missing = null;

/** Whether this browser can do the cryptography. */
export async function proved() {
  missing ??= await ready();
  return missing.every((each) => KEEPING.includes(each));
}

/** Whether this browser can keep a vote that is not finished. */
export const keeps = () => missing.length === 0;

/** Fetches the other modules of this page and of the next. An import alone names no digest: these
 *  links do, so they stand in the page before any such import. */
function fetchRest() {
  const rest = document.getElementById("later");
  if (rest) document.head.append(rest.content);
}

/** ui-session.js. Throws DoorSilent when it does not come. */
export async function session() {
  fetchRest();
  try {
    return await import("./ui-session.js");
  } catch {
    throw new DoorSilent("modules");
  }
}
