// The code from the letter. Entry of /vote.

import { readCode } from "./code.js";
import { codeWords, groupWhileTyping, tell } from "./ui-code.js";
import { mayHold } from "./storage.js";
import { keeps, proved, session } from "./ui-proof.js";
import { all, fault, fill, id, one, say, show, summarise } from "./ui-text.js";

const app = id("app");
const keep = location.search;
// Milliseconds after which the rest is fetched: the field for the code is painted first.
const PAINTED = 50;
let work = null;
let offered = null;

/** The codes of all issuers, or what is wrong with them beside their fields. */
function codes(problems) {
  const read = new Map();
  for (const input of all("input.code", app)) {
    let text = "";
    if (!input.value.trim()) text = say("vote.code.empty");
    else {
      try {
        readCode(input.value);
        read.set(input.dataset.issuer, input.value);
      } catch (problem) {
        if (!problem.reason) throw problem;
        text = codeWords(problem);
      }
    }
    tell(input, text);
    if (text) problems.push({ text, target: input });
  }
  return read;
}

function device(problems) {
  const chosen = one("[name=device]:checked", app);
  const text = chosen ? "" : say("vote.device.choose");
  fault(null, id("device-error"), text);
  if (text) problems.push({ text, target: id("device-own") });
  return chosen?.value;
}

async function sheet(problems) {
  const input = id("sheet");
  let read = null;
  let text = "";
  if (input.value.trim()) {
    try {
      work ??= await session();
      read = await work.readSheet(input.value);
    } catch (problem) {
      if (!problem.reason) throw problem;
      text = say(problem.reason === "other-election" ? "vote.sheet.foreign" : "vote.sheet.wrong");
      id("sheet-part").open = true;
    }
  }
  fault(input, id("sheet-error"), text);
  if (text) problems.push({ text, target: input });
  return read;
}

/** What went wrong; where the rest of the modules did not come, no answer did. */
const doorWords = (error) => (work ? work.doorWords(error) : say("vote.door.silent"));

function refusal(error) {
  if (error.code === "credential-refused") return say("vote.code.refused");
  if (error.code === "other-election") return say("vote.code.other_election");
  if (error.code === "code-misread") return say("vote.code.somewhere");
  return error.places ? codeWords(error) : doorWords(error);
}

async function submit(event) {
  event.preventDefault();
  const button = id("start");
  if (button.disabled) return;
  button.disabled = true;
  try {
    const problems = [];
    const read = codes(problems);
    const whose = device(problems);
    const recovered = await sheet(problems);
    summarise(id("begin-errors"), problems);
    if (problems.length) return;
    fill(id("begin-status"), say("vote.begin.working"));
    // What is kept here is known first: it may be this vote.
    await offered;
    work ??= await session();
    await work.kept();
    const style = await work.begin({ codes: read, sheet: recovered, shared: whose === "shared" });
    // Nothing of the code may stay in the page that the back button brings again.
    id("begin").reset();
    location.assign(`/vote/${encodeURIComponent(style)}${keep}#list`);
  } catch (error) {
    const first = one("input.code", app);
    const text = refusal(error);
    tell(first, text);
    summarise(id("begin-errors"), [{ text, target: first }]);
  } finally {
    button.disabled = false;
    fill(id("begin-status"), "");
  }
}

async function offerKept() {
  work ??= await session();
  const found = await work.kept();
  const lost = found?.stage === "credential";
  show(id("lost"), lost);
  show(id("resume"), found !== null && !lost);
  show(id("begin"), found === null || lost);
  if (found === null || lost) return;
  const cast = found.stage === "cast";
  for (const each of all("[data-open]", id("resume"))) show(each, !cast);
  for (const each of all("[data-cast]", id("resume"))) show(each, cast);
  id("resume").setAttribute("aria-labelledby", cast ? "cast-title" : "resume-title");
  id("resume-go").href = `/vote/${encodeURIComponent(found.style)}${keep}#${cast ? "done" : "list"}`;
}

async function clear() {
  await work.forget();
  await offerKept();
  show(id("forgotten"), true);
  one("input.code", app).focus();
}

async function start() {
  if (!app || !(await proved())) return;
  show(id("not-ready"), false);
  // A vote that was begun is offered first; whether there is one is told by what comes later.
  show(id("begin"), !mayHold());
  show(app, true);
  if (!keeps()) {
    show(id("no-storage"), true);
    show(id("begin"), false);
    return;
  }
  for (const input of all("input.code", app)) groupWhileTyping(input);
  id("begin").addEventListener("submit", submit);
  for (const button of all("[data-forget]", app)) button.addEventListener("click", clear);
  // The other page can have the vote only when this one has let go of it.
  id("resume-go").addEventListener("click", () => work.leave());
  await new Promise((resolve) => { setTimeout(resolve, PAINTED); });
  offered = offerKept().catch((error) => {
    show(id("begin"), true);
    summarise(id("begin-errors"), [{ text: doorWords(error) }]);
  });
}

// A page that the back button brings again is as old as it was left.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
start();
