// Receipts, and whether the ballot they promise stands in the log (docs/formats.md section 4).

import { b64, equal, labelled, text, unb64, utf8 } from "./bytes.js";
import { encode, members, parse } from "./canonical.js";
import { verify } from "./ed25519.js";
import { DoorProblem, Fault } from "./fault.js";
import { tileNodes, verifyGrowth } from "./growth.js";
import { verifyInclusion } from "./merkle.js";
import { openCheckpoint, readProof } from "./note.js";

const GRACE = 24 * 3600 * 1000;
const STALE = 6; // seconds that a copy of the newest checkpoint may be handed out

const due = (election) => new Date(Date.parse(election.definition.closes) + GRACE);
const spelled = (time) => time.toISOString().replace(".000Z", "Z");

function read(bytes, type, names, election) {
  let value;
  try {
    value = parse(bytes);
  } catch {
    throw new Fault("receipt-malformed");
  }
  if (value?.type !== type) throw new Fault("receipt-malformed");
  members(value, ["type", "election", ...names, "signature"], "receipt-malformed");
  if (value.election !== b64(election.hash)) throw new Fault("receipt-other-election");
  return value;
}

async function signed(value, election, message) {
  const key = unb64(election.manifest.box.receipt_key, 32);
  await verify(key, unb64(value.signature, 64), message, "receipt-signature");
}

/** { leafHash, due, bytes } of a receipt that the box of this election signed; for the ballot with
 *  `leaf` if that is given. Throws Fault "receipt-…". */
export async function readReceipt(bytes, election, leaf) {
  const value = read(bytes, "receipt", ["leaf_hash", "due"], election);
  const leafHash = unb64(value.leaf_hash, 32);
  await signed(value, election, labelled("receipt", election.hash, leafHash, utf8(String(value.due))));
  if (value.due !== spelled(due(election))) throw new Fault("receipt-due");
  if (leaf && !equal(leaf, leafHash)) throw new Fault("receipt-other-ballot");
  return { leafHash, due: due(election), bytes };
}

/** Throws unless the box promises that the ballot with this header will never be in the log. */
export async function readTestReceipt(bytes, election, header) {
  const value = read(bytes, "test-receipt", ["sealed_hash"], election);
  if (value.sealed_hash !== header.sealed_hash) throw new Fault("receipt-other-ballot");
  const fields = [unb64(header.pseudonym, 32), unb64(value.sealed_hash, 32)];
  await signed(value, election, labelled("test-receipt", election.hash, ...fields));
}

/** The short form for typing and QR codes: 43 characters, no choice, no promise. */
export const receiptCode = ({ leafHash }) => b64(leafHash);

/** The leaf hash of a receipt code however it was copied: blanks are passed over. */
export function readReceiptCode(typed) {
  try {
    return unb64(typed.replace(/\s/g, ""), 32);
  } catch {
    throw new Fault("receipt-code");
  }
}

/** A receipt however the box or a person wrote its JSON: the canonical bytes. */
export function receiptBytes(text) {
  try {
    return encode(JSON.parse(text));
  } catch {
    throw new Fault("receipt-malformed");
  }
}

/** Whether the ballot stands in the log: { state, index, size, cosignatures, head }.
 *
 *  `ballot`: a receipt or a leaf hash. "in-log": proved by an inclusion proof under a checkpoint that
 *  the box signed and enough witnesses saw. "waiting": the box has it, the next batch brings it; `late`
 *  if by this device's clock, which may be wrong, the promised date has passed. "missing": the box
 *  signed that it has it, and says that it has not: receipt and log together are evidence. "unknown": the box does not have
 *  it; with a leaf hash alone that proves nothing.
 *  `seen`: the `head` of an earlier answer { size, root, note }. The log has to prove that it only grew
 *  since, whether it has the ballot or not: Fault "log-shrunk" and "log-forked" say that it did not,
 *  "log-unproved" that it does not show its tiles; each with `seen` and `head`, both signed. Any other
 *  proof that does not hold is a Fault "log-…" too: evidence.
 */
export async function findInLog(ballot, election, { door, seen, now = Date.now() }) {
  const leaf = ballot.leafHash ?? ballot;
  const promised = Boolean(ballot.leafHash);
  let proof;
  try {
    proof = readProof(await door.proof(leaf));
  } catch (error) {
    if (!(error instanceof DoorProblem)) throw error;
    const late = promised && now > due(election).getTime();
    if (seen && ["pending", "unknown-ballot"].includes(error.code)) await checkNewest(election, { door, seen });
    if (error.code === "pending") return { state: "waiting", late };
    if (error.code === "unknown-ballot") return { state: promised ? "missing" : "unknown" };
    throw error;
  }
  const { size, root, cosignatures } = await openCheckpoint(proof.note, election.manifest);
  await verifyInclusion(proof.index, size, leaf, proof.path, root);
  const head = { size, root: b64(root), note: text(proof.note) };
  await checkGrowth(head, { door, seen });
  return { state: "in-log", index: proof.index, size, cosignatures, head };
}

/** Throws unless the log of `head` is how the log of `seen` grew. */
async function checkGrowth(head, { door, seen }) {
  if (!seen) return;
  const [before, now] = [seen, head].map(({ size, root }) => ({ size, root: unb64(root, 32) }));
  const read = tileNodes(now.size, { get: (path) => door.getOnce(path), pause: door.pause });
  try {
    await verifyGrowth(before, now, read);
  } catch (error) {
    if (error.code?.startsWith("log-")) Object.assign(error, { seen, head });
    throw error;
  }
}

/** The same for the newest checkpoint, where no proof brings one. */
async function checkNewest(election, { door, seen }) {
  for (let asked = 1; ; asked += 1) {
    try {
      const note = await door.get("/log/checkpoint");
      const { size, root } = await openCheckpoint(note, election.manifest);
      await checkGrowth({ size, root: b64(root), note: text(note) }, { door, seen });
      return;
    } catch (error) {
      // The newest may still lack its witnesses; what `seen` holds had them.
      if (error.code === "log-witnesses") return;
      if (error.code !== "log-shrunk" || asked === 2) throw error;
      await door.pause(STALE);
    }
  }
}
