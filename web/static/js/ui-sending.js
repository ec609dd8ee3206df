// Casting: the same bytes until the box has answered. A lost answer is said to be one.

import { doorWords, isRefusal, waitSeconds } from "./ui-door.js";
import { fill, id, say } from "./ui-text.js";

const PAUSES = [3, 5, 10, 20, 30, 60];

export class Sending {
  constructor(ballot) {
    this.ballot = ballot;
    this.tries = 0;
    id("send-now").addEventListener("click", () => this.send());
    addEventListener("online", () => { if (this.timer) this.send(); });
  }

  /** While a ballot is on its way there is nothing else to show. */
  enter(name) {
    return this.section ?? (name === "unknown" ? name : "sending");
  }

  show(section) {
    this.section = section;
    this.ballot.lead(section);
  }

  begin() {
    this.tries = 0;
    this.show("sending");
    this.send();
  }

  resume() {
    this.begin();
  }

  async send() {
    clearInterval(this.timer);
    this.timer = undefined;
    try {
      await this.ballot.session.cast();
      this.section = undefined;
      this.ballot.lead("done");
    } catch (error) {
      if (isRefusal(error)) {
        this.section = undefined;
        await this.ballot.session.giveUp();
        this.ballot.fail(error, "refused");
      } else {
        this.later(error);
      }
    }
  }

  later(error) {
    let left = Math.max(waitSeconds(error), PAUSES[Math.min(this.tries, PAUSES.length - 1)]);
    this.tries += 1;
    fill(id("unknown-why"), doorWords(error));
    this.show("unknown");
    const tick = () => {
      fill(id("unknown-next"), say("vote.send.next", { n: left }));
      left -= 1;
      if (left < 0) this.send();
    };
    tick();
    this.timer = setInterval(tick, 1000);
  }
}
