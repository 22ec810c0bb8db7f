/**
 * Messages that hold arrays of numbers, as binary frames: little-endian, first the number of bytes of the JSON text (32 bits), then the
 * text, filled with spaces to a multiple of 4, then the arrays one after the other, each filled to a multiple of 4 bytes. In the text
 * an array stands as `{"$array": "f32", "length": 10}`, in the order in which they follow.
 */

type Arrays = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** A message that has no arrays stays text. */
export function pack(message: unknown): string | Uint8Array<ArrayBuffer> {
  const arrays: Arrays[] = [];
  const text = JSON.stringify(message, (_key, value) => {
    const type = value instanceof Float32Array ? "f32" : value instanceof Uint32Array ? "u32" : null;
    if (type === null) return value;
    arrays.push(value);
    return { $array: type, length: value.length };
  });
  if (arrays.length === 0) return text;
  const encoded = new TextEncoder().encode(text);
  const header = (encoded.length + 3) & ~3;
  const packed = new Uint8Array(4 + header + arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  packed.fill(32, 4, 4 + header);
  new DataView(packed.buffer).setUint32(0, header, true);
  packed.set(encoded, 4);
  let at = 4 + header;
  for (const array of arrays) {
    packed.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += array.byteLength;
  }
  return packed;
}

/** The reverse of {@linkcode pack}. The arrays are views of the frame. */
export function unpack(frame: string | ArrayBuffer): unknown {
  if (typeof frame === "string") return JSON.parse(frame);
  const header = new DataView(frame).getUint32(0, true);
  let at = 4 + header;
  return JSON.parse(new TextDecoder().decode(new Uint8Array(frame, 4, header)), (_key, value) => {
    const type = typeof value === "object" && value !== null ? value.$array : undefined;
    if (type === undefined) return value;
    const from = at;
    at += 4 * value.length;
    return type === "f32" ? new Float32Array(frame, from, value.length) : new Uint32Array(frame, from, value.length);
  });
}
