// One spelling per value: canonical JSON with integers only (docs/formats.md section 1).

import { equal, text, utf8 } from "./bytes.js";
import { Fault } from "./fault.js";

const DEEPEST = 32;

/** By code point; JavaScript's own order is by UTF-16 unit. */
function byCodePoint(a, b) {
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < left.length && at < right.length; at += 1) {
    const difference = left[at].codePointAt(0) - right[at].codePointAt(0);
    if (difference) return difference;
  }
  return left.length - right.length;
}

function words(value) {
  // A lone surrogate has no UTF-8, and does not come back from it.
  if (text(utf8(value)) !== value) throw new Fault("not-canonical", { why: "lone surrogate" });
  return JSON.stringify(value);
}

function print(value, depth) {
  if (depth > DEEPEST) throw new Fault("not-canonical", { why: "too deep" });
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === "string") return words(value);
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  if (Array.isArray(value)) return `[${value.map((inner) => print(inner, depth + 1)).join(",")}]`;
  if (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    const keys = Object.keys(value).sort(byCodePoint);
    return `{${keys.map((key) => `${words(key)}:${print(value[key], depth + 1)}`).join(",")}}`;
  }
  throw new Fault("not-canonical", { why: "no such value" });
}

export const encode = (value) => utf8(print(value, 0));

/** The value of bytes that spell it canonically; any other spelling is refused. */
export function parse(bytes) {
  let value;
  try {
    value = JSON.parse(text(bytes));
  } catch {
    throw new Fault("not-canonical", { why: "not JSON" });
  }
  // Duplicate keys, fractions, blanks, other escapes and order: none is printed back.
  if (!equal(encode(value), bytes)) throw new Fault("not-canonical", { why: "another spelling" });
  return value;
}

/** `value` if it is an object with these keys and no others. */
export function members(value, keys, code) {
  const own = value !== null && typeof value === "object" && !Array.isArray(value) ? Object.keys(value) : [];
  if (own.length !== keys.length || !keys.every((key) => own.includes(key))) throw new Fault(code, { why: "members" });
  return value;
}
