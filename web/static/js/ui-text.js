// What the pages' modules say and show. They hold no words: every sentence comes from the
// <template id="words"> that the server wrote in the reader's language.

const language = document.documentElement.lang || "en";
// Made when they are first needed: a slow phone takes a tenth of a second for them.
let plural = null;
let whole = null;
let sentences = null;

function catalogue() {
  if (sentences === null) {
    sentences = new Map();
    const words = document.getElementById("words");
    for (const each of words ? words.content.querySelectorAll("[data-word]") : []) {
      sentences.set(each.dataset.word, each.textContent);
    }
  }
  return sentences;
}

export function number(value) {
  whole ??= new Intl.NumberFormat(language);
  return whole.format(value);
}

/** An amount of minor units; whole amounts carry no decimals. */
export function money(minor, currency, exponent) {
  const unit = 10 ** exponent;
  const digits = minor % unit === 0 ? 0 : exponent;
  return new Intl.NumberFormat(language, {
    style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits,
    currencyDisplay: "narrowSymbol",
  }).format(minor / unit);
}

export const known = (key) => catalogue().has(key) || catalogue().has(`${key}.other`);

/** The sentence `key` with `{name}` replaced; with `n` the form of the plural that it takes. */
export function say(key, values = {}) {
  const all = catalogue();
  let sentence = all.get(key);
  if (sentence === undefined && typeof values.n === "number") {
    plural ??= new Intl.PluralRules(language);
    sentence = all.get(`${key}.${plural.select(values.n)}`) ?? all.get(`${key}.other`);
  }
  if (sentence === undefined) throw new Error(`no words for ${key}`);
  return sentence.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : String(value ?? "");
  });
}

export const one = (selector, inside = document) => inside.querySelector(selector);
export const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
export const id = (name) => document.getElementById(name);

export function show(element, visible) {
  if (element) element.hidden = !visible;
}

export function fill(element, text) {
  // Writing the same text again would make a screen reader say it again.
  if (element.textContent !== text) element.textContent = text;
}

export function make(tag, text, properties = {}) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  Object.assign(element, properties);
  return element;
}

/** Words in the language of the element they were taken from. */
export function quoted(tag, source) {
  const element = make(tag, source.textContent.trim());
  const own = source.closest("[lang]");
  if (own && own.lang !== language) element.lang = own.lang;
  return element;
}

/** Letters without accents, in small: for searching. */
export const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Marks `control` as wrong and says why beside it; an empty text takes that back. */
export function fault(control, place, text) {
  fill(place, text);
  show(place, Boolean(text));
  if (!control) return;
  if (text) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
}

/** Shows the error summary with links to the controls, and moves the focus to it. */
export function summarise(box, problems) {
  const list = one("ul", box);
  list.replaceChildren(...problems.map(({ text, target }) => {
    const item = make("li");
    if (target) {
      const link = make("a", text, { href: `#${target.id}` });
      link.addEventListener("click", (event) => {
        event.preventDefault();
        target.focus();
        target.scrollIntoView({ block: "center" });
      });
      item.append(link);
    } else {
      item.textContent = text;
    }
    return item;
  }));
  show(box, problems.length > 0);
  if (problems.length) box.focus();
}

/** A file to keep: the link downloads `text`. */
export function offer(link, text) {
  if (link.dataset.made) URL.revokeObjectURL(link.dataset.made);
  link.href = link.dataset.made = URL.createObjectURL(new Blob([text], { type: "application/json" }));
}

export const grouped = (text, size = 4) => text.replace(new RegExp(`(.{${size}})(?=.)`, "g"), "$1 ");

/** Puts this site's address where a sentence names a page of it; the server does not know it. */
export function nameAddresses(inside) {
  for (const element of all("[data-address]", inside)) {
    fill(element, element.textContent.replace("{address}", location.origin + element.dataset.address));
  }
}
