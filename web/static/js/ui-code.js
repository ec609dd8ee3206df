// The field for a code: written in groups while somebody types or pastes, the caret where it was.

import { fault, say } from "./ui-text.js";

const MEANT = { I: "1", L: "1", O: "0", U: "V" };
const SEPARATOR = /[\s\u2010-\u2015\u2212._-]/;

/** The symbols of what was typed: capitals, look-alikes as what they stand for. */
function symbols(text) {
  return [...text].filter((each) => !SEPARATOR.test(each))
    .map((each) => { const capital = each.toUpperCase(); return MEANT[capital] ?? capital; }).join("");
}

export function groupWhileTyping(input) {
  const write = () => {
    const caret = input.selectionStart ?? input.value.length;
    const before = symbols(input.value.slice(0, caret)).length;
    const bare = symbols(input.value);
    const groups = bare.match(/.{1,4}/gu) ?? [];
    const next = groups.join("-");
    if (next === input.value) return;
    input.value = next;
    // Where the caret stood between two symbols it stands again, behind a hyphen that came in.
    const place = Math.min(next.length, before + Math.floor(Math.max(0, before - 1) / 4));
    input.setSelectionRange(place, place);
  };
  input.addEventListener("input", (event) => {
    if (event.isComposing) return;
    write();
  });
  input.addEventListener("compositionend", write);
}

/** What is wrong with a code, in words; `problem` as code.js throws it. */
export function codeWords(problem) {
  const key = `vote.code.${problem.reason.replaceAll("-", "_")}`;
  const places = (problem.places ?? [])
    .map(([group, position]) => say("vote.code.place", { group, position }))
    .join(say("vote.code.and"));
  if (problem.reason === "does-not-add-up" && !places) return say("vote.code.somewhere");
  return say(key, { n: problem.count, places });
}

export function tell(input, text) {
  fault(input, document.getElementById(`${input.id}-error`), text);
}
