// The check page: everything chosen, what is unfinished by its name, and the sealed ballot, which is
// there before anybody decides to cast or to test it.

import { hashWords } from "./ui-fingerprint.js";
import { doorWords } from "./ui-door.js";
import { all, fault, fill, id, make, one, offer, say, show } from "./ui-text.js";

export class CheckPage {
  constructor(ballot) {
    this.ballot = ballot;
    this.turn = 0;
    id("cast").addEventListener("click", () => {
      id("cast").disabled = true;
      ballot.sending.begin();
    });
    id("test").addEventListener("click", () => this.test());
    id("test-copy").addEventListener("click", () => this.copy());
  }

  enter() {
    const forms = [...this.ballot.forms.values()];
    const wrong = forms.filter((form) => this.ballot.state(form) === "wrong"
      || (this.ballot.state(form) === "todo" && !form.form.blank));
    const todo = forms.filter((form) => this.ballot.state(form) === "todo" && form.form.blank);
    this.named(id("check-wrong"), wrong, "vote.check.wrong");
    this.named(id("check-unfinished"), todo, "vote.check.unfinished");
    for (const form of forms) this.summary(form);
    show(id("check-send"), wrong.length === 0);
    show(id("check-again"), this.ballot.session.castBefore);
    fault(null, id("test-error"), "");
    this.leave();
    if (wrong.length === 0) this.seal();
  }

  leave() {
    this.turn += 1;
    id("cast").disabled = true;
    id("test").disabled = true;
  }

  named(box, forms, key) {
    show(box, forms.length > 0);
    if (!forms.length) return;
    fill(one("p", box), say(key, { n: forms.length }));
    one("ul", box).replaceChildren(...forms.map((form) => {
      const item = make("li");
      const heading = one("h1", form.section);
      const link = make("a", heading.textContent, { href: `#${form.section.dataset.section}` });
      if (heading.lang) link.lang = heading.lang;
      item.append(link);
      return item;
    }));
  }

  summary(form) {
    const place = one(`[data-check="${form.contest.id}"]`, id("check-choices"));
    const chosen = form.summary();
    one("[data-chosen]", place).replaceChildren(...chosen.map(({ name, detail }) => {
      const item = make("li");
      item.append(name, make("span", detail));
      return item;
    }));
    const none = one("[data-none]", place);
    show(none, chosen.length === 0);
    show(one("[data-chosen]", place), chosen.length > 0);
    fill(none, say(form.blank ? "vote.check.blank" : form.form.blank ? "vote.check.todo" : "vote.status.todo"));
  }

  async seal() {
    const turn = this.turn;
    show(id("check-sealing"), true);
    show(id("check-sealed"), false);
    for (const place of [id("check-words"), id("check-hash")]) fill(place, "");
    try {
      const digest = await this.ballot.session.seal();
      // Whoever went back and changed something has another ballot by now.
      if (turn !== this.turn) return;
      this.print(digest, "check");
      show(id("check-sealing"), false);
      show(id("check-sealed"), true);
      id("cast").disabled = false;
      id("test").disabled = false;
    } catch (error) {
      if (turn === this.turn) this.ballot.fail(error);
    }
  }

  print(digest, prefix) {
    const { words, hex } = hashWords(digest);
    fill(id(`${prefix}-words`), words);
    fill(id(`${prefix}-hash`), hex);
  }

  async test() {
    all("#cast, #test").forEach((button) => { button.disabled = true; });
    try {
      const { digest, file } = await this.ballot.session.test();
      this.print(digest, "tested");
      this.file = file;
      offer(id("test-save"), file);
      fill(id("test-copied"), "");
      this.ballot.lead("tested");
    } catch (error) {
      fault(null, id("test-error"), doorWords(error));
      all("#cast, #test").forEach((button) => { button.disabled = false; });
    }
  }

  async copy() {
    await navigator.clipboard.writeText(this.file);
    fill(id("test-copied"), say("vote.test.copied"));
  }
}
