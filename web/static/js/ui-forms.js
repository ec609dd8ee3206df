// The controls of every ballot form: what they say now, how they are set, what is wrong with it.
// Nothing is ever unticked for the voter: beyond a limit the page says so, beside the control.

import { Ranking } from "./ui-ranking.js";
import { all, fault, fill, money, number, one, quoted, say } from "./ui-text.js";

const KINDS = {
  approval: { read: ticked, write: tick, tell: counted },
  knapsack: { read: ticked, write: tick, tell: spending },
  "choose-1": { read: ticked, write: tick, tell: chosenOne },
  question: { read: ticked, write: tick, tell: chosenOne },
  points: { read: numbers, write: setNumbers, tell: pointing },
  scores: { read: numbers, write: setNumbers, tell: scoring },
  ranking: { read: ranked, write: setRanked, tell: ranking },
  grades: { read: graded, write: setGraded, tell: grading },
};

export class ContestForm {
  /**
   * `contest` and `form` are those of the definition; `changed()` is called after every change.
   * Marks are pairs [id, number] in ballot order, in a ranking in the order of the ranks.
   */
  constructor(section, contest, form, election, changed) {
    Object.assign(this, { section, contest, form, election, changed });
    this.kind = KINDS[form.type];
    this.projects = contest.kind === "question" ? contest.options : contest.projects;
    this.items = new Map(all("[data-list] > [data-project]", section).map((item) => [item.dataset.project, item]));
    this.live = one("[data-live]", section);
    this.bar = one("progress", section);
    this.blank = false;
    this.wire();
    this.refresh();
  }

  wire() {
    if (this.form.type === "ranking") {
      this.ranking = new Ranking(this.section, (spoken) => this.touched(spoken));
      return;
    }
    for (const item of this.items.values()) {
      item.addEventListener("change", () => this.touched());
      if (this.form.type !== "points" && this.form.type !== "scores") continue;
      item.addEventListener("input", () => this.touched());
      for (const button of all("[data-step]", item)) {
        button.addEventListener("click", () => this.step(item, Number(button.dataset.step)));
      }
      one("[data-mark]", item).addEventListener("keydown", (event) => {
        const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
        if (!by) return;
        event.preventDefault();
        this.step(item, by);
      });
    }
    this.none = one("[data-none]", this.section);
    this.none?.addEventListener("change", () => this.touched("", true));
  }

  step(item, by) {
    const input = one("[data-mark]", item);
    const scores = this.form.type === "scores";
    const low = scores ? this.form.minimum : 0;
    const high = scores ? this.form.maximum : this.form.cap;
    const now = readNumber(input.value);
    let next = now === null || Number.isNaN(now) ? (by > 0 ? low : null) : now + by;
    if (!scores && next === 0 && by > 0) next = 1;
    if (next !== null && next > high) next = Math.max(high, now ?? high);
    // Below the lowest there is "no score", or no points.
    input.value = next === null || next < low || (!scores && next === 0) ? "" : String(next);
    this.touched();
  }

  touched(spoken = "", blank = false) {
    this.blank = blank;
    this.refresh(spoken);
    this.changed(this);
  }

  marks() { return this.kind.read(this); }

  /** Shows a kept choice: marks and whether it was left blank on purpose. */
  set(marks, blank) {
    this.blank = blank && marks.length === 0;
    this.kind.write(this, marks);
    if (this.none) this.none.checked = this.blank;
    this.refresh();
  }

  clear(blank) {
    this.set([], blank);
    this.changed(this);
  }

  cost(project) { return Number(this.items.get(project)?.dataset.cost ?? 0); }

  amount(minor) { return money(minor, this.election.currency, this.election.exponent); }

  /** What is wrong now: [{code, text, target}], nothing when the contest can be handed in. */
  problems() {
    const found = this.malformed();
    const marks = this.marks();
    const form = this.form;
    if (found.length) return found;
    if (!marks.length) {
      return form.blank ? [] : [{ code: "blank", text: say("vote.problem.blank"), target: this.first() }];
    }
    const [low, high] = bounds(form, this.projects.length);
    const last = this.last(marks);
    const add = (code, values) => found.push({
      code, text: say(`vote.problem.${code.replace("-", "_")}`, values), target: last,
    });
    if (marks.length < low) add("too-few", { n: low - marks.length, min: low });
    if (marks.length > high) add("too-many", { n: marks.length - high, max: high });
    if (form.type === "points") {
      const total = sum(marks);
      for (const [project, points] of marks) {
        if (points > form.cap) {
          found.push({ code: "over-cap", text: say("vote.problem.over_cap", { n: form.cap }), target: this.control(project) });
        }
      }
      if (total > form.total) add("over-total", { n: total - form.total });
      if (total < form.minimum_total) add("under-total", { n: form.minimum_total - total });
    }
    if (form.type === "knapsack") {
      const spent = marks.reduce((before, [project]) => before + this.cost(project), 0);
      if (spent > form.budget) add("over-budget", { left: this.amount(spent - form.budget) });
    }
    return found;
  }

  /** Numbers that are none, or out of range, cannot even become marks. */
  malformed() {
    if (this.form.type !== "points" && this.form.type !== "scores") return [];
    const [low, high] = this.form.type === "points" ? [0, this.form.cap] : [this.form.minimum, this.form.maximum];
    const found = [];
    for (const item of this.items.values()) {
      const input = one("[data-mark]", item);
      const value = readNumber(input.value);
      if (value === null) continue;
      if (Number.isNaN(value) || value < low || (value > high && this.form.type === "scores")) {
        found.push({ code: "out-of-range", text: say("vote.problem.out_of_range", { low, high }), target: input });
      }
    }
    return found;
  }

  control(project) { return one("[data-mark], [data-add]", this.items.get(project)); }

  first() { return one("[data-mark], [data-add]", this.section); }

  last(marks) {
    const touched = this.latest && marks.some(([project]) => project === this.latest) ? this.latest : marks.at(-1)[0];
    return this.control(touched);
  }

  /** Says the state and every problem, at once and beside the control. */
  refresh(spoken = "") {
    const marks = this.marks();
    const before = this.known ?? new Set();
    this.known = new Set(marks.map(([project]) => project));
    for (const project of this.known) if (!before.has(project)) this.latest = project;
    for (const [project, item] of this.items) item.classList.toggle("chosen", this.known.has(project));
    // Too few is no fault while somebody is still choosing.
    const wrong = this.problems().filter(({ code }) => !["too-few", "under-total", "blank"].includes(code));
    for (const item of this.items.values()) {
      const place = one("[data-error]", item);
      if (!place) continue;
      const control = one("[data-mark]", item);
      const own = wrong.find(({ target }) => target === control);
      fault(control, place, own ? own.text : "");
    }
    if (this.form.type === "ranking") {
      fault(null, one(".ranked [data-error]", this.section), wrong.length ? wrong[0].text : "");
    }
    const told = marks.length || this.form.type === "points" || this.form.type === "knapsack"
      ? this.kind.tell(this, marks) : say("vote.live.nothing");
    fill(this.live, spoken ? `${spoken} ${told}` : told);
    one("[data-tally]", this.section).classList.toggle("over", wrong.length > 0);
  }

  meter(value, most) {
    if (!this.bar) return;
    this.bar.max = Math.max(most, 1);
    this.bar.value = Math.min(value, most);
  }

  /** The choice in words: elements for the check page. */
  summary() {
    return this.marks().map(([project, value]) => {
      const item = this.items.get(project);
      const name = quoted("span", one("label, .name", this.form.type === "grades" ? one("legend", item) : item));
      return { name, detail: this.detail(project, value), rank: this.form.type === "ranking" };
    });
  }

  detail(project, value) {
    if (this.form.type === "points" || this.form.type === "scores") return number(value);
    if (this.form.type === "ranking") return say("vote.rank.is", { n: value });
    if (this.form.type === "grades") return one(`[value="${value}"] + label`, this.items.get(project)).textContent;
    return this.contest.kind === "question" ? "" : this.amount(this.cost(project));
  }
}

/** The least and the most projects that a form takes. */
export function bounds(form, projects) {
  if (form.type === "choose-1" || form.type === "question") return [1, 1];
  if (form.type === "grades") return [1, projects];
  if (form.type === "points" || form.type === "scores") return [form.minimum_projects, form.maximum_projects ?? projects];
  return [form.minimum, form.maximum ?? projects];
}

const sum = (marks) => marks.reduce((before, [, value]) => before + value, 0);

/** A typed whole number; null for nothing, NaN for what is none. */
function readNumber(text) {
  const bare = text.replace(/[\s\u00a0\u202f]/g, "").replace(/^[−–]/, "-");
  if (bare === "") return null;
  return /^[+-]?\d{1,5}$/.test(bare) ? Number(bare) : NaN;
}

function inOrder(form, marked) {
  return form.projects.filter(({ id }) => marked.has(id)).map(({ id }) => [id, marked.get(id)]);
}

function ticked(form) {
  const marked = new Map();
  for (const [project, item] of form.items) if (one("[data-mark]", item).checked) marked.set(project, 1);
  return inOrder(form, marked);
}

function tick(form, marks) {
  const wanted = new Set(marks.map(([project]) => project));
  for (const [project, item] of form.items) one("[data-mark]", item).checked = wanted.has(project);
}

function numbers(form) {
  const marked = new Map();
  for (const [project, item] of form.items) {
    const value = readNumber(one("[data-mark]", item).value);
    if (value === null || Number.isNaN(value)) continue;
    if (form.form.type === "points" ? value > 0 : value >= form.form.minimum && value <= form.form.maximum) {
      marked.set(project, value);
    }
  }
  return inOrder(form, marked);
}

function setNumbers(form, marks) {
  const wanted = new Map(marks);
  for (const [project, item] of form.items) {
    one("[data-mark]", item).value = wanted.has(project) ? String(wanted.get(project)) : "";
  }
}

function ranked(form) { return form.ranking.order.map((project, at) => [project, at + 1]); }

function setRanked(form, marks) { form.ranking.set(marks.map(([project]) => project)); }

function graded(form) {
  const marked = new Map();
  for (const [project, item] of form.items) {
    const chosen = one("[data-mark]:checked", item);
    if (chosen) marked.set(project, Number(chosen.value));
  }
  return inOrder(form, marked);
}

function setGraded(form, marks) {
  const wanted = new Map(marks);
  for (const [project, item] of form.items) {
    for (const radio of all("input", item)) {
      radio.checked = wanted.has(project) ? radio.value === String(wanted.get(project)) : radio.value === "";
    }
  }
}

function counted(form, marks) {
  const max = form.form.maximum;
  form.meter(marks.length, max);
  return say("vote.live.count_of", { n: marks.length, max });
}

function spending(form, marks) {
  const spent = marks.reduce((before, [project]) => before + form.cost(project), 0);
  const left = form.form.budget - spent;
  form.meter(spent, form.form.budget);
  const money = say(left < 0 ? "vote.live.money_over" : "vote.live.money", {
    spent: form.amount(spent), budget: form.amount(form.form.budget), left: form.amount(Math.abs(left)),
  });
  const count = form.form.maximum === null
    ? say("vote.live.count", { n: marks.length })
    : say("vote.live.count_of", { n: marks.length, max: form.form.maximum });
  return `${count} ${money}`;
}

function chosenOne(form, marks) {
  const item = form.items.get(marks[0][0]);
  return say("vote.live.chosen", { title: item.dataset.title });
}

function pointing(form, marks) {
  const given = sum(marks);
  const left = form.form.total - given;
  form.meter(given, form.form.total);
  return left < 0
    ? say("vote.live.points_over", { n: -left, max: form.form.total })
    : say("vote.live.points_left", { n: left, max: form.form.total });
}

function scoring(form, marks) { return say("vote.live.scored", { n: marks.length }); }

function ranking(form, marks) {
  form.meter(marks.length, form.form.maximum);
  return say("vote.live.ranked", { n: marks.length, max: form.form.maximum });
}

function grading(form, marks) {
  return say("vote.live.graded", { n: marks.length, max: form.projects.length });
}
