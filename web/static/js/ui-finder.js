// Finding a project in a long list, and the order of the list: drawn for each visitor, so that no
// project has the first place for everybody.

import { all, fill, one, plain, say, show } from "./ui-text.js";

/** A shuffle that follows from a number below 2^32 (Fisher and Yates, generator mulberry32). */
export function shuffled(items, seed) {
  let state = seed >>> 0;
  const draw = (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below);
  };
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = draw(last + 1);
    [result[last], result[other]] = [result[other], result[last]];
  }
  return result;
}

export function shuffle(list, seed) {
  list.append(...shuffled([...list.children], seed));
}

/** Wires the search of a contest; `chosen(id)` says whether a project is marked. */
export function finder(section, chosen) {
  const box = one("[data-finder]", section);
  if (!box) return;
  const word = one("[data-find-word]", box);
  const district = one("[data-find-district]", box);
  const mine = one("[data-find-mine]", box);
  const told = one("[data-find-shown]", box);
  const items = all("[data-list] > [data-project]", section);
  const find = () => {
    const wanted = plain(word.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of items) {
      const fits = wanted.every((each) => item.dataset.search.includes(each))
        && (!district?.value || item.dataset.district === district.value)
        && (!mine.checked || chosen(item.dataset.project));
      show(item, fits);
      shown += fits ? 1 : 0;
    }
    fill(told, shown ? say("vote.find.shown", { n: shown }) : say("vote.find.none"));
  };
  word.addEventListener("input", find);
  district?.addEventListener("change", find);
  mine.addEventListener("change", find);
  one("[data-seek]", section).addEventListener("click", () => {
    word.focus({ preventScroll: true });
    box.scrollIntoView({ block: "center" });
  });
  // Enter in the search must not hand the contest in.
  word.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  box.findAll = () => {
    word.value = "";
    if (district) district.value = "";
    mine.checked = false;
    find();
  };
  find();
}

/** Makes a project visible that the search hid. */
export function reveal(section) {
  one("[data-finder]", section)?.findAll();
}
