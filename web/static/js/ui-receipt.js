// "Is my vote in the box?": the receipt is checked on this device. Entry of /receipt.

import { doorWords } from "./ui-door.js";
import { isOwn } from "./storage.js";
import { proved, session } from "./ui-proof.js";
import { all, fault, fill, id, offer, one, say, show, summarise } from "./ui-text.js";

function verdict(name, values = {}) {
  for (const section of all("[data-verdict]")) {
    const own = section.dataset.verdict === name;
    show(section, own);
    if (!own) continue;
    for (const each of all("[data-say]", section)) fill(each, say(each.dataset.say, values));
    const link = one("[data-evidence]", section);
    if (link) offer(link, values.evidence);
    one("h2", section).focus();
  }
}

function wrong(text) {
  fault(id("receipt"), id("receipt-error"), text);
  summarise(id("receipt-errors"), text ? [{ text, target: id("receipt") }] : []);
}

async function check(event) {
  event?.preventDefault();
  verdict("none");
  const text = id("receipt").value.trim();
  wrong(text ? "" : say("receipt.empty"));
  if (!text) return;
  id("check").disabled = true;
  fill(id("receipt-status"), say("receipt.working"));
  try {
    const found = await (await session()).checkReceipt(text, { remember: id("remember").checked });
    if (found.state === "misread") wrong(say("receipt.misread"));
    else verdict(found.state, found);
  } catch (error) {
    wrong(doorWords(error));
  } finally {
    id("check").disabled = false;
    fill(id("receipt-status"), "");
  }
}

async function start() {
  if (!(await proved())) return;
  show(id("not-ready"), false);
  show(id("app"), true);
  id("ask").addEventListener("submit", check);
  id("remember").checked = isOwn();
  id("receipt-file").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    id("receipt").value = (await file.slice(0, 4096).text()).trim();
    await check();
  });
  // A QR code and the confirmation bring the code behind the "#", which no server is sent.
  const brought = location.hash.slice(1);
  if (/^[A-Za-z0-9_-]{43}$/.test(brought)) {
    id("receipt").value = brought;
    await check();
  }
}

start();
