// Checkpoints and proof files as the C2SP formats spell them, and the witnesses that a policy asks for.

import { hex, integer, join, sha256, text, unbase64, utf8 } from "./bytes.js";
import { verify } from "./ed25519.js";
import { Fault } from "./fault.js";

const PROOF = "c2sp.org/tlog-proof@v1";
const LOG = 1;
const WITNESS = 4;

const refuse = (why) => { throw new Fault("log-malformed", { why }); };

function decimal(words) {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(words) || !Number.isSafeInteger(Number(words))) refuse("decimal");
  return Number(words);
}

/** A verifier key "name+id+key": { name, kind, key, id }. */
async function readVerifier(words, kind) {
  const [name, id, encoded, ...rest] = words.split("+");
  // The base64 of a key may itself hold a plus sign.
  const raw = unbase64([encoded, ...rest].join("+"));
  const computed = hex((await sha256(join(utf8(`${name}\n`), raw))).slice(0, 4));
  if (raw.length !== 33 || raw[0] !== kind || computed !== id) refuse("verifier key");
  return { name, key: raw.slice(1), id };
}

/** The witnesses of a C2SP tlog-policy, and whether a set of their names suffices. The manifest's
 *  policy was checked before the officers signed it. */
async function readPolicy(policy) {
  const witnesses = new Map();
  const groups = [];
  let quorum = "none";
  for (const line of policy.split("\n")) {
    const [kind, name, ...rest] = line.trim().split(/[ \t]+/);
    if (kind === "witness") witnesses.set(name, await readVerifier(rest[0], WITNESS));
    else if (kind === "group") {
      const members = rest.slice(1);
      groups.push({ name, members, least: { all: members.length, any: 1 }[rest[0]] ?? decimal(rest[0]) });
    } else if (kind === "quorum") quorum = name;
    else if (kind && kind !== "log" && !kind.startsWith("#")) refuse("policy");
  }
  const suffices = (names) => {
    const reached = new Set(names);
    for (const { name, members, least } of groups) {
      if (members.filter((each) => reached.has(each)).length >= least) reached.add(name);
    }
    return quorum === "none" || reached.has(quorum);
  };
  return { witnesses, suffices };
}

function signatureLine(line) {
  const [, name, encoded] = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line) ?? refuse("signature line");
  const raw = unbase64(encoded);
  if (raw.length < 5) refuse("signature line");
  return { name, id: hex(raw.slice(0, 4)), body: raw.slice(4) };
}

/** A checkpoint that the log of this manifest signed, and enough witnesses if it asks for any:
 *  { size, root, cosignatures: [{ name, time }] }. Throws Fault "log-malformed", "log-not-signed",
 *  "log-witness", "log-witnesses". */
export async function openCheckpoint(bytes, manifest) {
  const whole = text(bytes);
  const at = whole.lastIndexOf("\n\n");
  if (at < 0 || !whole.endsWith("\n") || /[\x00-\x09\x0b-\x1f]/.test(whole)) refuse("note");
  const said = whole.slice(0, at + 1);
  const lines = whole.slice(at + 2, -1).split("\n").map(signatureLine);
  const [origin, size, root, end, ...rest] = said.split("\n");
  if (end !== "" || rest.length || origin !== manifest.box.origin) refuse("checkpoint");
  const log = await readVerifier(manifest.box.log_key, LOG);
  const { witnesses, suffices } = await readPolicy(manifest.witness_policy);
  const lineOf = (key) => lines.find((line) => line.name === key.name && line.id === key.id);
  const own = lineOf(log);
  if (!own) throw new Fault("log-not-signed");
  await verify(log.key, own.body, utf8(said), "log-not-signed");
  const cosignatures = [];
  for (const [name, witness] of witnesses) {
    const line = lineOf(witness);
    if (!line) continue;
    if (line.body.length !== 72) throw new Fault("log-witness", { witness: name });
    const time = Number(integer(line.body.slice(0, 8)));
    await verify(witness.key, line.body.slice(8), utf8(`cosignature/v1\ntime ${time}\n${said}`), "log-witness");
    cosignatures.push({ name, time });
  }
  if (!suffices(cosignatures.map(({ name }) => name))) throw new Fault("log-witnesses");
  const hash = unbase64(root);
  if (hash.length !== 32) refuse("root");
  return { origin, size: decimal(size), root: hash, cosignatures };
}

/** A proof file (C2SP tlog-proof): { index, path, note }. */
export function readProof(bytes) {
  const whole = text(bytes);
  const at = whole.indexOf("\n\n");
  const lines = at < 0 ? refuse("proof") : whole.slice(0, at).split("\n");
  if (lines.shift() !== PROOF) refuse("proof");
  if (lines[0]?.startsWith("extra ")) lines.shift();
  const [, index] = /^index ([0-9]+)$/.exec(lines.shift() ?? "") ?? refuse("proof");
  const path = lines.map(unbase64);
  if (path.length > 63) refuse("proof");
  return { index: decimal(index), path, note: utf8(whole.slice(at + 2)) };
}
