// QR codes (ISO/IEC 18004), drawn on the device so that no server learns what they say: byte mode,
// error correction level M, versions 1 to 10 (213 bytes). Tested against segno, module by module.

// Error correction codewords of a block, then pairs: blocks, data codewords of each.
const BLOCKS = [
  [10, 1, 16], [16, 1, 28], [26, 1, 44], [18, 2, 32], [24, 2, 43], [16, 4, 27], [18, 4, 31],
  [22, 2, 38, 2, 39], [22, 3, 36, 2, 37], [26, 4, 43, 1, 44],
];
const ALIGNMENT = [[], [18], [22], [26], [30], [34], [22, 38], [24, 42], [26, 46], [28, 50]];
const MASKS = [
  (r, c) => (r + c) % 2 === 0, (r) => r % 2 === 0, (r, c) => c % 3 === 0, (r, c) => (r + c) % 3 === 0,
  (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
  (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
];

const EXP = new Uint8Array(510);
const LOG = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power += 1) {
  EXP[power] = EXP[power + 255] = value;
  LOG[value] = power;
  value = value & 128 ? (value << 1) ^ 0x11d : value << 1;
}
const times = (a, b) => (a && b ? EXP[LOG[a] + LOG[b]] : 0);

function correction(data, size) {
  let generator = [1];
  for (let power = 0; power < size; power += 1) {
    generator = [...generator, 0].map((value, at) => value ^ (at ? times(generator[at - 1], EXP[power]) : 0));
  }
  const rest = [...data, ...new Array(size).fill(0)];
  for (let at = 0; at < data.length; at += 1) {
    const factor = rest[at];
    generator.forEach((value, place) => { rest[at + place] ^= times(value, factor); });
  }
  return rest.slice(data.length);
}

function sizes(version) {
  const [, ...pairs] = BLOCKS[version - 1];
  const blocks = [];
  for (let at = 0; at < pairs.length; at += 2) for (let n = 0; n < pairs[at]; n += 1) blocks.push(pairs[at + 1]);
  return blocks;
}

function codewords(bytes) {
  for (let version = 1; version <= BLOCKS.length; version += 1) {
    const blocks = sizes(version);
    const capacity = blocks.reduce((before, size) => before + size, 0);
    const counter = version < 10 ? 8 : 16;
    if (4 + counter + 8 * bytes.length > 8 * capacity) continue;
    let bits = `0100${bytes.length.toString(2).padStart(counter, "0")}`;
    for (const byte of bytes) bits += byte.toString(2).padStart(8, "0");
    bits += "0".repeat(Math.min(4, 8 * capacity - bits.length));
    bits += "0".repeat((8 - (bits.length % 8)) % 8);
    const data = bits.match(/.{8}/g).map((each) => parseInt(each, 2));
    for (let pad = 0; data.length < capacity; pad += 1) data.push(pad % 2 ? 0x11 : 0xec);
    let at = 0;
    const parts = blocks.map((size) => data.slice(at, (at += size)));
    const checks = parts.map((part) => correction(part, BLOCKS[version - 1][0]));
    return { version, words: [...interleaved(parts), ...interleaved(checks)] };
  }
  throw new RangeError("qr-length");
}

function interleaved(parts) {
  const result = [];
  const longest = Math.max(...parts.map((part) => part.length));
  for (let at = 0; at < longest; at += 1) for (const part of parts) if (at < part.length) result.push(part[at]);
  return result;
}

/** Bits and their BCH remainder: format information (15 bits) and version information (18 bits). */
function protectedBits(value, generator, shift) {
  let rest = value << shift;
  for (let bit = 31 - Math.clz32(generator); rest >> shift;) {
    rest ^= generator << (31 - Math.clz32(rest) - bit);
  }
  return (value << shift) | rest;
}

function frame(version) {
  const size = 17 + 4 * version;
  const cells = Array.from({ length: size }, () => new Array(size).fill(null));
  const put = (row, column, dark) => { if (row >= 0 && column >= 0 && row < size && column < size) cells[row][column] = dark; };
  for (const [top, left] of [[0, 0], [0, size - 7], [size - 7, 0]]) {
    for (let r = -1; r <= 7; r += 1) for (let c = -1; c <= 7; c += 1) {
      const ring = Math.max(Math.abs(r - 3), Math.abs(c - 3));
      put(top + r, left + c, ring !== 2 && ring !== 4);
    }
  }
  const centres = version > 1 ? [6, ...ALIGNMENT[version - 1]] : [];
  for (const row of centres) for (const column of centres) {
    if (cells[row][column] !== null) continue;
    for (let r = -2; r <= 2; r += 1) for (let c = -2; c <= 2; c += 1) {
      put(row + r, column + c, Math.max(Math.abs(r), Math.abs(c)) !== 1);
    }
  }
  for (let at = 8; at < size - 8; at += 1) cells[6][at] = cells[at][6] = at % 2 === 0;
  if (version >= 7) {
    const bits = protectedBits(version, 0x1f25, 12);
    for (let bit = 0; bit < 18; bit += 1) {
      const [a, b] = [Math.floor(bit / 3), size - 11 + (bit % 3)];
      cells[a][b] = cells[b][a] = ((bits >> bit) & 1) === 1;
    }
  }
  return cells;
}

function writeFormat(cells, mask) {
  const size = cells.length;
  const bits = protectedBits(mask, 0x537, 10) ^ 0x5412; // level M is 00
  for (let bit = 0; bit < 15; bit += 1) {
    const dark = ((bits >> bit) & 1) === 1;
    const row = bit < 6 ? bit : bit < 8 ? bit + 1 : size - 15 + bit;
    const column = bit < 8 ? size - 1 - bit : bit === 8 ? 7 : 14 - bit;
    cells[row][8] = dark;
    cells[8][column] = dark;
  }
  cells[size - 8][8] = true;
}

function drawn(version, words, mask) {
  const cells = frame(version);
  const fixed = cells.map((row) => row.slice());
  writeFormat(fixed, mask);
  const size = cells.length;
  let bit = 0;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    const upwards = ((right + 1) & 2) === 0;
    for (let step = 0; step < size; step += 1) {
      const row = upwards ? size - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (fixed[row][column] !== null) continue;
        const word = words[bit >> 3];
        const dark = word !== undefined && ((word >> (7 - (bit & 7))) & 1) === 1;
        cells[row][column] = dark !== MASKS[mask](row, column);
        bit += 1;
      }
    }
  }
  writeFormat(cells, mask);
  return cells;
}

function penalty(cells) {
  const size = cells.length;
  let points = 0;
  let dark = 0;
  const lines = [...cells, ...cells.map((_, at) => cells.map((row) => row[at]))];
  for (const line of lines) {
    const text = line.map((cell) => (cell ? "1" : "0")).join("");
    for (const run of text.match(/0+|1+/g)) if (run.length >= 5) points += run.length - 2;
    for (let at = 0; at + 11 <= size; at += 1) {
      const part = text.slice(at, at + 11);
      if (part === "10111010000" || part === "00001011101") points += 40;
    }
  }
  for (let r = 0; r < size; r += 1) for (let c = 0; c < size; c += 1) {
    dark += cells[r][c] ? 1 : 0;
    if (r && c && cells[r][c] === cells[r - 1][c] && cells[r][c] === cells[r][c - 1] && cells[r][c] === cells[r - 1][c - 1]) points += 3;
  }
  return points + 10 * Math.floor(Math.abs((dark * 20) / (size * size) - 10));
}

/** The symbol of `text` as rows of booleans (true is dark), and the mask it has. */
export function qrCode(text) {
  const { version, words } = codewords(new TextEncoder().encode(text));
  let best = null;
  for (let mask = 0; mask < 8; mask += 1) {
    const cells = drawn(version, words, mask);
    const points = penalty(cells);
    if (best === null || points < best.points) best = { cells, mask, points, version };
  }
  return best;
}

/** Draws the symbol into `place` as SVG, with the quiet zone of four modules. */
export function drawQr(place, text) {
  const { cells } = qrCode(text);
  const size = cells.length + 8;
  const names = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(names, "svg");
  drawing.setAttribute("viewBox", `0 0 ${size} ${size}`);
  drawing.setAttribute("aria-hidden", "true");
  drawing.setAttribute("shape-rendering", "crispEdges");
  const ground = document.createElementNS(names, "rect");
  ground.setAttribute("width", size);
  ground.setAttribute("height", size);
  ground.setAttribute("fill", "#fff");
  const path = document.createElementNS(names, "path");
  path.setAttribute("d", cells.map((row, r) => row.map((dark, c) => (dark ? `M${c + 4} ${r + 4}h1v1h-1z` : "")).join("")).join(""));
  path.setAttribute("fill", "#000");
  drawing.append(ground, path);
  place.replaceChildren(drawing);
}
