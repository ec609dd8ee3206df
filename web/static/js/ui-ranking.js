// The ranking: an ordered list with buttons for up, down and out, and dragging as an extra.

import { all, fill, one, quoted, say, show } from "./ui-text.js";

export class Ranking {
  /** `changed(spoken)` is told after every change, with what to say of it. */
  constructor(section, changed) {
    this.section = section;
    this.changed = changed;
    this.order = [];
    this.list = one("[data-ranked]", section);
    this.model = one("[data-ranked-item]", section);
    this.items = new Map(all("[data-list] > [data-project]", section).map((item) => [item.dataset.project, item]));
    for (const [project, item] of this.items) {
      one("[data-add]", item).addEventListener("click", () => this.toggle(project));
    }
    this.draw();
  }

  title(project) { return this.items.get(project).dataset.title; }

  set(order) {
    this.order = order.filter((project) => this.items.has(project));
    this.draw();
  }

  toggle(project) {
    const at = this.order.indexOf(project);
    if (at < 0) this.move(project, this.order.length);
    else this.out(project);
    one("[data-add]", this.items.get(project)).focus();
  }

  /** Puts a project at the place `to`, from 0. */
  move(project, to) {
    const rest = this.order.filter((each) => each !== project);
    const place = Math.max(0, Math.min(to, rest.length));
    rest.splice(place, 0, project);
    this.order = rest;
    this.draw();
    this.changed(say("vote.rank.added", { title: this.title(project), n: place + 1 }));
  }

  out(project) {
    this.order = this.order.filter((each) => each !== project);
    this.draw();
    this.changed(say("vote.rank.removed", { title: this.title(project) }));
  }

  draw() {
    this.list.replaceChildren(...this.order.map((project, at) => this.row(project, at)));
    show(one("[data-ranked-empty]", this.section), this.order.length === 0);
    show(one("[data-ranked-hint]", this.section), this.order.length > 1);
    for (const [project, item] of this.items) {
      const at = this.order.indexOf(project);
      const button = one("[data-add]", item);
      item.classList.toggle("chosen", at >= 0);
      fill(button, at < 0
        ? say("vote.rank.add", { n: this.order.length + 1 })
        : `${say("vote.rank.is", { n: at + 1 })} – ${say("vote.rank.remove")}`);
    }
  }

  row(project, at) {
    const row = this.model.content.firstElementChild.cloneNode(true);
    fill(one(".place", row), String(at + 1));
    one(".name", row).replaceChildren(quoted("span", one(".name", this.items.get(project))));
    for (const button of all("[data-move]", row)) {
      fill(one(".unseen", button), ` : ${this.title(project)}`);
      const way = button.dataset.move;
      button.disabled = (way === "up" && at === 0) || (way === "down" && at === this.order.length - 1);
      button.addEventListener("click", () => this.press(project, at, way));
    }
    this.drags(row, at);
    return row;
  }

  press(project, at, way) {
    if (way === "out") this.out(project);
    else this.move(project, at + (way === "up" ? -1 : 1));
    this.keepFocus(project, way);
  }

  /** The button that was pressed stays the focus, or the nearest that can have it. */
  keepFocus(project, way) {
    const row = this.list.children[this.order.indexOf(project)];
    const wanted = row && (one(`[data-move=${way}]:enabled`, row) ?? one("[data-move]:enabled", row));
    (wanted ?? one("h2", this.section)).focus();
  }

  drags(row, at) {
    row.addEventListener("dragstart", (event) => {
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", String(at));
      this.dragged = this.order[at];
      row.classList.add("dragged");
    });
    row.addEventListener("dragend", () => { this.dragged = undefined; row.classList.remove("dragged"); });
    row.addEventListener("dragover", (event) => { if (this.dragged !== undefined) event.preventDefault(); });
    row.addEventListener("drop", (event) => {
      event.preventDefault();
      if (this.dragged !== undefined) this.move(this.dragged, at);
    });
  }
}

