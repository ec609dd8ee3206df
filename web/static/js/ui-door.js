// What went wrong at a door or on this device, in the page's words.

import { known, say } from "./ui-text.js";

const SENTENCES = {
  silent: "silent", busy: "busy", internal: "busy", "not-open": "not_open", closed: "closed",
};

/** A sentence for any error; details of programs stay out of it. */
export function doorWords(error) {
  const { code } = error;
  if (code === "too-many-requests") return say("vote.door.too_many", { n: Math.max(1, error.retryAfter ?? 60) });
  if (code === "closed" && known("vote.send.closed")) return say("vote.send.closed");
  if (code === "conflict" && known("vote.send.conflict")) return say("vote.send.conflict");
  if (SENTENCES[code]) return say(`vote.door.${SENTENCES[code]}`);
  if (code === "open-elsewhere") return say("vote.error.elsewhere");
  if (code === "storage") return say("vote.error.storage");
  if (["wrong-election", "manifest", "not-canonical"].includes(code)) return say("vote.error.rules");
  if (typeof error.status === "number" && code) return say("vote.door.refused", { code });
  return say("vote.error.unknown");
}

/** Whether sending the same again cannot help: the door has answered, and said no. */
export function isRefusal(error) {
  return typeof error.status === "number"
    && !["busy", "internal", "too-many-requests"].includes(error.code);
}

export const waitSeconds = (error) => Number(error.retryAfter ?? 0);
