// The choices of a ballot: their limits, their bytes, and back (docs/formats.md section 5).

import { join, u16 } from "./bytes.js";
import { Fault } from "./fault.js";

const BITMAP = ["approval", "knapsack"];
const SINGLE = ["choose-1", "question"];
const choicesOf = (contest) => contest.projects ?? contest.options;

function partLength(form, count) {
  if (BITMAP.includes(form.type)) return Math.ceil(count / 8);
  if (form.type === "choose-1") return 2;
  if (form.type === "ranking") return 2 * form.maximum;
  return form.type === "question" ? 1 : 2 * count;
}

/** What the layout has no place for: the first such fault, or nothing. */
function misplaced(form, ids, choice) {
  const seen = new Set();
  const ranks = new Set();
  for (const [id, mark] of choice) {
    if (!ids.has(id)) return "unknown";
    if (seen.has(id)) return "repeated";
    seen.add(id);
    if (!Number.isSafeInteger(mark)) return "layout";
    if (form.type === "scores" && (mark < form.minimum || mark > form.maximum)) return "out-of-range";
    if (form.type === "grades" && (mark < 0 || mark >= form.labels.length)) return "out-of-range";
    if (form.type === "points" && (mark < 1 || mark > 65535)) return "layout";
    if (form.type === "ranking") {
      if (mark < 1 || ranks.has(mark)) return "layout";
      if (mark > form.maximum) return "too-many";
      ranks.add(mark);
    }
    if ([...BITMAP, ...SINGLE].includes(form.type) && mark !== 1) return "layout";
  }
  // As many different ranks as places, none beyond the last place: then there is no gap.
  return [...ranks].some((rank) => rank > ranks.size) ? "gap" : undefined;
}

function limits(form, contest, choice) {
  const count = choice.length;
  if (!count) return form.blank ? [] : ["blank"];
  let [low, high] = [form.minimum ?? 1, form.maximum ?? count];
  if (SINGLE.includes(form.type)) [low, high] = [1, 1];
  if (form.type === "grades") [low, high] = [1, count];
  if (["points", "scores"].includes(form.type)) [low, high] = [form.minimum_projects, form.maximum_projects ?? count];
  const broken = [];
  if (count < low) broken.push("too-few");
  if (count > high) broken.push("too-many");
  if (form.type === "points") {
    const total = choice.reduce((sum, [, points]) => sum + points, 0);
    if (choice.some(([, points]) => points > form.cap)) broken.push("over-cap");
    if (total > form.total) broken.push("over-total");
    if (total < form.minimum_total) broken.push("under-total");
  }
  if (form.type === "knapsack") {
    const costs = new Map(contest.projects.map((project) => [project.id, project.cost]));
    if (choice.reduce((sum, [id]) => sum + costs.get(id), 0) > form.budget) broken.push("over-budget");
  }
  return broken;
}

/** Why a choice would not count: codes of docs/formats.md section 5 (or "layout"), [] if it does.
 *  The first is the one that the count would name. */
export function check(form, contest, choice) {
  const ids = new Set(choicesOf(contest).map((each) => each.id));
  const fault = misplaced(form, ids, choice);
  return fault ? [fault] : limits(form, contest, choice);
}

function writePart(form, contest, choice) {
  const listed = choicesOf(contest);
  const position = new Map(listed.map((each, at) => [each.id, at]));
  const numbers = new Array(form.type === "ranking" ? form.maximum : listed.length).fill(0);
  for (const [id, mark] of choice) {
    const at = position.get(id);
    if (form.type === "ranking") numbers[mark - 1] = at + 1;
    else if (form.type === "scores") numbers[at] = mark - form.minimum + 1;
    else if (form.type === "grades") numbers[at] = mark + 1;
    else numbers[at] = mark;
  }
  if (BITMAP.includes(form.type)) {
    const bitmap = new Uint8Array(partLength(form, listed.length));
    numbers.forEach((bit, at) => { bitmap[at >> 3] |= bit << (7 - (at & 7)); });
    return bitmap;
  }
  if (SINGLE.includes(form.type)) {
    const number = choice.length ? position.get(choice[0][0]) + 1 : 0;
    return form.type === "question" ? Uint8Array.of(number) : u16(number);
  }
  return join(...numbers.map(u16));
}

/** The plaintext of a ballot; a contest left out is blank. Throws Fault "choice" with `contest`,
 *  `reason` for what would be spoiled. */
export function encodeVote(election, styleId, choices) {
  const style = election.style(styleId);
  const stray = Object.keys(choices).find((id) => !style.contests.includes(id));
  if (stray !== undefined) throw new Fault("choice", { contest: stray, reason: "missing" });
  const parts = election.contests(styleId).map((contest) => {
    const form = election.form(styleId, contest.id);
    const choice = choices[contest.id] ?? [];
    const [reason] = check(form, contest, choice);
    if (reason) throw new Fault("choice", { contest: contest.id, reason });
    return writePart(form, contest, choice);
  });
  return join(Uint8Array.of(1), ...parts);
}

function readPart(form, contest, data) {
  const ids = choicesOf(contest).map((each) => each.id);
  const spoiled = (reason) => ({ spoiled: reason });
  if (BITMAP.includes(form.type)) {
    const bit = (at) => (data[at >> 3] >> (7 - (at & 7))) & 1;
    for (let at = ids.length; at < 8 * data.length; at += 1) if (bit(at)) return spoiled("unused-bits");
    return ids.filter((_, at) => bit(at)).map((id) => [id, 1]);
  }
  const numbers = form.type === "question" ? [data[0]]
    : Array.from({ length: data.length / 2 }, (_, at) => (data[2 * at] << 8) | data[2 * at + 1]);
  if (SINGLE.includes(form.type)) {
    if (numbers[0] > ids.length) return spoiled("unknown");
    return numbers[0] ? [[ids[numbers[0] - 1], 1]] : [];
  }
  if (form.type === "ranking") {
    const marks = [];
    for (const [at, number] of numbers.entries()) {
      if (!number) continue;
      if (marks.length !== at) return spoiled("gap");
      if (number > ids.length) return spoiled("unknown");
      if (marks.some(([id]) => id === ids[number - 1])) return spoiled("repeated");
      marks.push([ids[number - 1], at + 1]);
    }
    return marks;
  }
  const first = form.type === "scores" ? form.minimum : form.type === "grades" ? 0 : 1;
  const most = form.type === "scores" ? form.maximum - first + 1
    : form.type === "grades" ? form.labels.length : 65535;
  if (numbers.some((number) => number > most)) return spoiled("out-of-range");
  return numbers.flatMap((number, at) => (number ? [[ids[at], number - 1 + first]] : []));
}

/** What a plaintext says: { contest: choice or { spoiled } }, or { spoiled } for the whole. */
export function decodeVote(election, styleId, plaintext) {
  const parts = election.contests(styleId).map((contest) => {
    const form = election.form(styleId, contest.id);
    return { contest, form, length: partLength(form, choicesOf(contest).length) };
  });
  const length = parts.reduce((sum, part) => sum + part.length, 1);
  if (plaintext.length !== length) return { spoiled: "length" };
  if (plaintext[0] !== 1) return { spoiled: "version" };
  let at = 1;
  return Object.fromEntries(parts.map(({ contest, form, length: size }) => {
    let part = readPart(form, contest, plaintext.slice(at, at + size));
    at += size;
    const broken = Array.isArray(part) ? limits(form, contest, part) : [];
    if (broken.length) part = { spoiled: broken[0] };
    return [contest.id, part];
  }));
}
