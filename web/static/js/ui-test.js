// On a second device: what a test ballot holds. Nothing is sent. Entry of /test.

import { doorWords } from "./ui-door.js";
import { hashWords } from "./ui-fingerprint.js";
import { proved, session } from "./ui-proof.js";
import { fault, fill, id, make, money, number, one, say, show, summarise } from "./ui-text.js";

const language = document.documentElement.lang;
let given = "";

function inLanguage(text, tag) {
  const own = text[language] === undefined ? Object.keys(text)[0] : language;
  const element = make(tag, text[own]);
  if (own !== language) element.lang = own;
  return element;
}

function detail(contest, form, [project, value], definition) {
  if (form.type === "points" || form.type === "scores") return make("span", number(value));
  if (form.type === "ranking") return make("span", say("vote.rank.is", { n: value }));
  if (form.type === "grades") return inLanguage(form.labels[value], "span");
  if (contest.kind === "question") return make("span", "");
  const { cost } = contest.projects.find(({ id: name }) => name === project);
  return make("span", money(cost, definition.currency, definition.exponent));
}

function contestPart({ contest, form, marks, spoiled }, definition) {
  const part = one("section", id("found-contest").content).cloneNode(true);
  one("h3", part).replaceChildren(inLanguage(contest.title, "span"));
  const names = new Map((contest.projects ?? contest.options).map((each) => [each.id, each.title]));
  const rows = (marks ?? []).map((mark) => {
    const item = make("li");
    item.append(inLanguage(names.get(mark[0]), "span"), detail(contest, form, mark, definition));
    return item;
  });
  if (spoiled) rows.push(make("li", say("test.spoiled", { reason: spoiled })));
  else if (!rows.length) rows.push(make("li", say("vote.check.blank")));
  one("ul", part).replaceChildren(...rows);
  return part;
}

function wrong(text) {
  fault(id("test-text"), id("test-text-error"), text);
  summarise(id("test-errors"), text ? [{ text, target: id("test-text") }] : []);
}

async function open(event) {
  event?.preventDefault();
  show(id("found"), false);
  const text = id("test-text").value.trim() || given;
  wrong(text ? "" : say("test.empty"));
  if (!text) return;
  try {
    const found = await (await session()).openTest(text);
    if (found.problem) {
      wrong(say(`test.${found.problem}`, found));
      return;
    }
    const { words, hex } = hashWords(found.digest);
    fill(id("found-words"), words);
    fill(id("found-hash"), hex);
    id("found-choices").replaceChildren(...found.contests.map((each) => contestPart(each, found.definition)));
    show(id("found"), true);
    id("h-found").focus();
  } catch (error) {
    wrong(doorWords(error));
  }
}

async function start() {
  if (!(await proved())) return;
  show(id("not-ready"), false);
  show(id("app"), true);
  id("ask").addEventListener("submit", open);
  id("test-file").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    given = file ? (await file.slice(0, 200000).text()).trim() : "";
    if (given) await open();
  });
}

start();
