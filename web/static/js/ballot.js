// A ballot: sealed, named by its header, signed by the pseudonym; cast, or given up for a test.

import { b64, equal, join, labelled, sha256, u16, unb64, utf8 } from "./bytes.js";
import { encode, members, parse } from "./canonical.js";
import { keyPair, sign } from "./ed25519.js";
import { Fault } from "./fault.js";
import { openWithEphemeral, seal } from "./hpke.js";
import { readTestReceipt } from "./receipt.js";
import { derive } from "./seed.js";
import { decodeVote, encodeVote } from "./vote.js";

const HEADER = ["election", "style", "pseudonym", "sequence", "credentials", "sealed_hash"];
const MATERIAL = ["type", "version", "header", "sealed", "ephemeral", "receipt"];

/** A resident's device in one election; everything secret follows from the seed. */
export async function makeDevice(election, styleId, seed) {
  election.style(styleId);
  const { key, publicKey } = await keyPair(await derive(seed, election.hash, styleId, 32, utf8("pseudonym")));
  return { election, style: styleId, seed, key, pseudonym: publicKey };
}

const electionKey = (election) => unb64(election.manifest.trustees.election_key, 65);
const sealInfo = (election, style, pseudonym, sequence) =>
  labelled("seal", election.hash, utf8(style), pseudonym, u16(sequence));

/** { header, entry, sealed, ephemeral, digest }: `digest` is the hash of the sealed bytes, which the
 *  header and a test receipt name. Throws Fault "choice" for what would not count. */
export async function sealBallot(device, choices, credentials, sequence) {
  const { election, style, pseudonym } = device;
  if (sequence < 1 || sequence > election.manifest.maximum_sequence) throw new Fault("no-more-ballots");
  const plaintext = encodeVote(election, style, choices);
  const info = sealInfo(election, style, pseudonym, sequence);
  const { sealed, ephemeral } = await seal(plaintext, electionKey(election), info);
  const digest = await sha256(sealed);
  const header = {
    election: b64(election.hash),
    style,
    pseudonym: b64(pseudonym),
    sequence,
    credentials: election.manifest.issuers.map(({ id }) => {
      const found = credentials.find((each) => each.issuer === id);
      if (!found) throw new Fault("credential-missing", { issuer: id });
      return found;
    }),
    sealed_hash: b64(digest),
  };
  const signature = await sign(device.key, labelled("ballot", election.hash, encode(header)));
  const entry = encode({ type: "ballot", header, signature: b64(signature) });
  return { header, entry, sealed, ephemeral, digest };
}

/** The signature that gives a ballot up for a test: it can never be cast afterwards. */
export const testSignature = (device, header) =>
  sign(device.key, labelled("test", device.election.hash, encode(header)));

/** The file for the second device: docs/formats.md section 11. `receipt`: the box's test receipt. */
export const testMaterial = (ballot, receipt) => encode({
  type: "test-ballot", version: 1, header: ballot.header, sealed: b64(ballot.sealed),
  ephemeral: b64(ballot.ephemeral), receipt: parse(receipt),
});

/** On the second device: what a tested ballot holds. { choices, digest, style, sequence }; nothing is
 *  sent. Throws Fault: "test-form", "test-election", "receipt-…", "ephemeral-key", "does-not-open". */
export async function openTest(election, bytes) {
  const read = members(parse(bytes), MATERIAL, "test-form");
  if (read.type !== "test-ballot" || read.version !== 1) throw new Fault("test-form");
  const header = members(read.header, HEADER, "test-form");
  if (header.election !== b64(election.hash)) throw new Fault("test-election");
  const sealed = unb64(read.sealed);
  const digest = await sha256(sealed);
  if (!equal(digest, unb64(header.sealed_hash, 32))) throw new Fault("test-form", { why: "sealed-hash" });
  await readTestReceipt(encode(read.receipt), election, header);
  const info = sealInfo(election, election.style(header.style).id, unb64(header.pseudonym, 32), header.sequence);
  const plaintext = await openWithEphemeral(sealed, unb64(read.ephemeral, 32), electionKey(election), info);
  const choices = decodeVote(election, header.style, plaintext);
  return { choices, digest, style: header.style, sequence: header.sequence };
}

/** The hash by which the log and a receipt name an entry (RFC 6962). */
export const leafHash = (entry) => sha256(join(Uint8Array.of(0), entry));
