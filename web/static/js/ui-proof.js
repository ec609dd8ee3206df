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

/** Fetches the other modules of this page and of the next, and names their digests: an import alone
 *  names none, these links do. A browser remembers that an import failed, and never tries it again; so
 *  each file is here before the first. */
async function fetchRest() {
  const rest = document.getElementById("later")?.content;
  const links = [...(rest?.querySelectorAll("[integrity]") ?? [])];
  await Promise.all(links.map(async ({ href, integrity }) => (await fetch(href, { integrity })).arrayBuffer()));
  if (rest) document.head.append(rest);
}

/** ui-session.js. Throws DoorSilent when it does not come: try again. */
export async function session() {
  try {
    await fetchRest();
    return await import("./ui-session.js");
  } catch {
    throw new DoorSilent("modules");
  }
}
