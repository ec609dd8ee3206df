// One document, many sections, of which one is shown: its name is the fragment of the address, so
// that the browser's own back button works. Nothing is loaded on the way, so nothing can get lost.

import { all, one, show } from "./ui-text.js";

export class Sections {
  /** `entered(name)` is told of each section; it may give the name of another one to show. */
  constructor(root, entered) {
    this.root = root;
    this.entered = entered;
    this.title = document.title;
    this.current = null;
    this.sections = new Map(all("[data-section]", root).map((each) => [each.dataset.section, each]));
    addEventListener("hashchange", () => this.follow());
  }

  follow() {
    const asked = location.hash.slice(1);
    this.show(this.sections.has(asked) ? asked : "list", false);
  }

  /** Shows a section and moves the focus to its heading. */
  show(name, write = true) {
    const wanted = this.entered(name) ?? name;
    const changed = wanted !== this.current;
    this.current = wanted;
    for (const [key, section] of this.sections) show(section, key === wanted);
    if (location.hash !== `#${wanted}`) {
      const address = `${location.pathname}${location.search}#${wanted}`;
      if (write && changed) history.pushState(null, "", address);
      else history.replaceState(null, "", address);
    }
    const heading = one("h1", this.sections.get(wanted));
    document.title = `${heading.textContent} – ${this.title}`;
    if (changed) {
      scrollTo({ top: 0, behavior: "instant" });
      heading.focus({ preventScroll: true });
    }
  }
}
