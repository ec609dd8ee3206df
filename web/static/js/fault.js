// What goes wrong, as stable codes: the page has the words.

export class Fault extends Error {
  constructor(code, details = {}) {
    super(code);
    this.name = new.target.name;
    this.code = code;
    Object.assign(this, details);
  }
}

/** The door answered, and refused: `status`, `reason`, `retryAfter` (seconds or null), `fields`. */
export class DoorProblem extends Fault {}

/** No answer that can be read. Whether the request arrived is not known: send the same again. */
export class DoorSilent extends Fault {
  constructor(why) { super("silent", { why }); }
}

/** What was typed is no voting code: `reason`, `places` [[group, position]] from 1, `count`. */
export class CodeProblem extends Fault {
  constructor(reason, { places = [], count = 0 } = {}) { super("code", { reason, places, count }); }
}

/** What was typed is no recovery sheet of this election: `reason`, `groups` from 1, `count`. */
export class SeedProblem extends Fault {
  constructor(reason, { groups = [], count = 0 } = {}) { super("seed", { reason, groups, count }); }
}
