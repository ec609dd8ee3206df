// The ballot of one style: choose, check, cast or test, confirm. Entry of /vote/<style>.

import { CheckPage } from "./ui-check.js";
import { doorWords } from "./ui-door.js";
import { finder, reveal, shuffle } from "./ui-finder.js";
import { ContestForm } from "./ui-forms.js";
import { drawQr } from "./ui-qr.js";
import { keeps, proved } from "./ui-proof.js";
import { openSession } from "./ui-session.js";
import { Sections } from "./ui-sections.js";
import { Sending } from "./ui-sending.js";
import { all, fill, grouped, id, nameAddresses, offer, one, say, show, summarise } from "./ui-text.js";

const root = id("ballot");

class Ballot {
  constructor(session) {
    this.session = session;
    this.forms = new Map();
    for (const section of all("[data-contest]", root)) this.contest(section);
    this.check = new CheckPage(this);
    this.sending = new Sending(this);
    this.sections = new Sections(root, (name) => this.enter(name));
    for (const each of all("[data-own]", root)) show(each, !session.shared);
    for (const each of all("[data-shared]", root)) show(each, session.shared);
    for (const each of all("[data-print]", root)) each.addEventListener("click", () => print());
    id("again").addEventListener("click", () => this.again());
    id("erase").addEventListener("click", () => this.erase());
  }

  contest(section) {
    const { contest, form } = this.session.contest(section.dataset.contest);
    const list = one("[data-list]", section);
    if (contest.kind === "envelope") shuffle(list, this.session.order);
    const own = new ContestForm(section, contest, form, this.session.definition, () => this.changed(own));
    this.forms.set(contest.id, own);
    const kept = this.session.choice(contest.id);
    own.set(kept.marks, kept.blank);
    finder(section, (project) => own.known.has(project));
    one("form", section).addEventListener("submit", (event) => {
      event.preventDefault();
      this.handIn(own);
    });
    one("[data-blank]", section)?.addEventListener("click", () => {
      own.clear(true);
      this.next(own);
    });
    one("[data-clear]", section).addEventListener("click", () => {
      own.clear(false);
      fill(own.live, say("vote.cleared"));
      summarise(this.errors(own), []);
    });
  }

  errors(form) { return one(".error-summary", form.section); }

  changed(form) {
    this.keep(form);
    if (!this.errors(form).hidden && form.problems().length === 0) show(this.errors(form), false);
    this.status(form);
  }

  /** Every change at once; "saved" says that all of them are on the device. */
  async keep(form) {
    const turn = (this.turn ?? 0) + 1;
    this.turn = turn;
    root.dataset.saved = "no";
    try {
      await this.session.keep(form.contest.id, form.marks(), form.blank);
      if (turn === this.turn) root.dataset.saved = "yes";
    } catch {
      show(id("no-storage"), true);
    }
  }

  /** "todo", "done", "blank" or "wrong". */
  state(form) {
    if (form.malformed().length) return "wrong";
    if (form.marks().length) return form.problems().length ? "wrong" : "done";
    return form.blank ? "blank" : "todo";
  }

  status(form) {
    const state = this.state(form);
    const tag = one(`[data-task="${form.contest.id}"] .status`, root);
    tag.className = `status ${state}`;
    fill(tag, say(`vote.status.${state}`));
    this.banner();
  }

  /** "Not cast yet" stands on every section from the first choice until it is cast. */
  banner() {
    const begun = [...this.forms.values()].some((form) => this.state(form) !== "todo");
    const silent = ["check", "done", "erased", "locked", "failed", "sending", "unknown", "refused", "sheet"];
    show(id("uncast"), begun && !this.session.finished && !silent.includes(this.sections?.current));
  }

  handIn(form) {
    let problems = form.problems();
    if (!problems.length && !form.marks().length && !form.blank) {
      problems = [{ text: say(form.none ? "vote.problem.blank" : "vote.problem.nothing"), target: form.first() }];
    }
    if (problems.length) reveal(form.section);
    summarise(this.errors(form), problems);
    if (problems.length) {
      const title = document.title;
      document.title = say("vote.error.title_prefix", { title });
      setTimeout(() => { document.title = title; }, 4000);
      return;
    }
    this.next(form);
  }

  /** The next contest after this one that is to do; the list when there is none. */
  next(form) {
    const rest = [...this.forms.values()];
    const at = rest.indexOf(form);
    const todo = [...rest.slice(at + 1), ...rest.slice(0, at)].find((each) => this.state(each) === "todo");
    this.sections.show(todo ? todo.section.dataset.section : "check");
  }

  /** What has to be so before a section shows; gives another section's name when it may not. */
  enter(name) {
    const { session } = this;
    if (name === "erased" && session.erased) return name;
    if (session.erased) return "erased";
    if (session.pending) return this.sending.enter(name);
    if (session.finished && !["done", "sheet"].includes(name)) name = "done";
    if (!session.finished && name === "done") name = "list";
    if (name === "tested" && !session.tested) name = "list";
    if (["sending", "unknown", "refused", "locked", "failed", "erased"].includes(name) && !this.allowed?.has(name)) name = "list";
    for (const form of this.forms.values()) this.status(form);
    if (name === "check") this.check.enter();
    else this.check.leave();
    if (name === "done") this.done();
    if (name === "sheet") fill(id("sheet-key"), session.sheet);
    queueMicrotask(() => this.banner());
    return name;
  }

  /** Shows a section that only the program leads to. */
  lead(name) {
    this.allowed = new Set([name]);
    this.sections.show(name);
    this.allowed = undefined;
  }

  fail(error, place = "failed") {
    fill(one("[data-failure]", one(`[data-section=${place}]`, root)), doorWords(error));
    this.lead(place);
  }

  done() {
    const { session } = this;
    const code = session.receiptCode;
    fill(id("receipt-code"), grouped(code));
    drawQr(id("receipt-qr"), `${location.origin}/receipt#${code}`);
    offer(id("receipt-save"), session.receiptFile);
    id("receipt-check").href = `/receipt${location.search}#${code}`;
    show(id("again").closest("p"), session.canVoteAgain);
  }

  async again() {
    await this.session.again();
    for (const form of this.forms.values()) form.set([], false);
    this.sections.show("list");
  }

  async erase() {
    await this.session.erase();
    for (const form of this.forms.values()) form.set([], false);
    for (const each of [id("receipt-code"), id("sheet-key")]) each.replaceChildren();
    id("receipt-qr").replaceChildren();
    this.lead("erased");
  }
}

async function start() {
  if (!(await proved())) return;
  show(id("not-ready"), false);
  nameAddresses(root);
  show(id("no-storage"), !keeps());
  const plainly = (name) => {
    for (const each of all("[data-section]", root)) show(each, each.dataset.section === name);
    one("h1", one(`[data-section=${name}]`, root)).focus();
  };
  try {
    const session = await openSession(root.dataset.style);
    if (session === null) {
      plainly("locked");
      return;
    }
    const ballot = new Ballot(session);
    ballot.sections.follow();
    if (session.pending) ballot.sending.resume();
  } catch (error) {
    fill(one("[data-section=failed] [data-failure]", root), doorWords(error));
    plainly("failed");
  }
}

start();
