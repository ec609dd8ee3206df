// A credential of an issuer: asked for blindly, verified under the manifest's key.

import { b64, integer, labelled, u32, unb64, utf8 } from "./bytes.js";
import { blind, finalize, readKey } from "./blind.js";
import { Fault } from "./fault.js";
import { derive } from "./seed.js";

const ATTEMPTS = 4;

async function prepared(device, issuerId) {
  const { election, style, seed, pseudonym } = device;
  const drawn = (size, ...purpose) => derive(seed, election.hash, style, size, ...purpose);
  const key = readKey(unb64(election.issuer(issuerId).styles[style]));
  const id = utf8(issuerId);
  const message = labelled("credential", id, election.hash, utf8(style), pseudonym);
  const prefix = await drawn(32, utf8("prefix"), id);
  const salt = await drawn(48, utf8("salt"), id);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const value = integer(await drawn(400, utf8("blind"), id, u32(attempt)));
    const blinded = await blind(key, message, { prefix, salt, r: 1n + (value % (key.n - 1n)) });
    if (blinded) return { key, message, prefix, blinded };
  }
  throw new Fault("issuer-key");
}

/** What goes to the issuer beside the code; always the same for one seed, so that a request can be
 *  repeated. */
export async function blindedMessage(device, issuerId) {
  return (await prepared(device, issuerId)).blinded.message;
}

/** The credential, as it stands in a header, that the issuer's answer gives. */
export async function credential(device, issuerId, blindSignature) {
  const { key, message, prefix, blinded } = await prepared(device, issuerId);
  const signature = await finalize(key, message, blindSignature, blinded.inverse, { prefix });
  return { issuer: issuerId, prefix: b64(prefix), signature: b64(signature) };
}
