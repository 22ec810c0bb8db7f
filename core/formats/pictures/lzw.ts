/**
 * LZW as TIFF has it (TIFF 6.0, section 13): codes of 9 to 12 bits, most significant bit first, each longer code one entry
 * early.
 */

const CLEAR = 256, END = 257, FIRST = 258, CODES = 4096;

/**
 * @param most bytes after which it is refused
 * @returns what was read up to the code that ends it, or to the end of the input, where some programs write no such code
 * @throws {Error} at a code that stands for nothing
 */
export function inflateLzw(input: Uint8Array, most: number): Uint8Array<ArrayBuffer> {
  // An entry is an earlier one and a byte behind it; `length` counts its bytes.
  const before = new Uint16Array(CODES), last = new Uint8Array(CODES), length = new Uint16Array(CODES);
  for (let byte = 0; byte < 256; byte++) [last[byte], length[byte]] = [byte, 1];
  let out = new Uint8Array(Math.min(most, Math.max(1024, 4 * input.length)));
  let size = 0, next = FIRST, bits = 9, previous = -1;
  let held = 0, heldBits = 0;
  for (let at = 0;;) {
    while (heldBits < bits && at < input.length) {
      held = (held << 8 | input[at++]!) & 0xffffff;
      heldBits += 8;
    }
    if (heldBits < bits) break;
    heldBits -= bits;
    const code = held >>> heldBits & (1 << bits) - 1;
    if (code === END) break;
    if (code === CLEAR) {
      [next, bits, previous] = [FIRST, 9, -1];
      continue;
    }
    const isNew = code === next && previous >= 0;
    if (code >= next && !isNew) throw new Error(`LZW code ${code} stands for nothing`);
    const entry = isNew ? previous : code;
    const bytes = length[entry]! + (isNew ? 1 : 0);
    if (size + bytes > most) throw new Error(`LZW data become more than ${most} bytes`);
    if (size + bytes > out.length) {
      const larger = new Uint8Array(Math.min(most, 2 * (size + bytes)));
      larger.set(out);
      out = larger;
    }
    let to = size + length[entry]! - 1;
    for (let link = entry; to >= size; link = before[link]!) out[to--] = last[link]!;
    if (isNew) out[size + bytes - 1] = out[size]!;
    if (previous >= 0 && next < CODES) {
      [before[next], last[next], length[next]] = [previous, out[size]!, length[previous]! + 1];
      next++;
    }
    if (next >= (1 << bits) - 1 && bits < 12) bits++;
    size += bytes;
    previous = code;
  }
  return out.slice(0, size);
}
