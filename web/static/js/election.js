// The election as its manifest says it; E is the hash of the manifest's bytes.

import { b64, sha256 } from "./bytes.js";
import { members, parse } from "./canonical.js";
import { Door } from "./door.js";
import { Fault } from "./fault.js";

const MEMBERS = ["type", "version", "definition", "officers", "issuers", "box", "witness_policy",
  "trustees", "roll", "maximum_sequence", "client"];

const named = (list, id, code) => {
  const found = list.find((each) => each.id === id);
  if (!found) throw new Fault(code);
  return found;
};

export class Election {
  constructor(manifest, hash, bytes) {
    this.manifest = manifest;
    this.definition = manifest.definition;
    this.hash = hash;
    this.bytes = bytes;
  }

  style(id) { return named(this.definition.styles, id, "unknown-style"); }

  /** The style that a code or a sheet names by its place in the definition. */
  styleAt(index) {
    const style = this.definition.styles[index];
    if (!style) throw new Fault("unknown-style");
    return style;
  }

  contest(id) { return named(this.definition.contests, id, "unknown-contest"); }
  contests(styleId) { return this.style(styleId).contests.map((id) => this.contest(id)); }

  form(styleId, contestId) {
    return this.style(styleId).forms[contestId] ?? this.contest(contestId).form;
  }

  issuer(id) { return named(this.manifest.issuers, id, "unknown-issuer"); }
}

/** The election of a manifest's bytes; `expected`, if given, is E in base64url. */
export async function readElection(bytes, expected) {
  const manifest = members(parse(bytes), MEMBERS, "manifest");
  if (manifest.type !== "manifest" || manifest.version !== 1) throw new Fault("manifest", { why: "version" });
  const hash = await sha256(bytes);
  if (expected && b64(hash) !== expected) throw new Fault("other-election");
  return new Election(manifest, hash, bytes);
}

/** The election that this service holds, or that of the manifest at `url`, which never changes there.
 *  Throws DoorSilent or DoorProblem as a door does. */
export async function loadElection({ door = new Door(), url, expected } = {}) {
  return readElection(await (url ? door.getOnce(url) : door.get("/manifest.json")), expected);
}
