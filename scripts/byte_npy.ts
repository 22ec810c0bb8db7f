/** The bytes of an `.npy` file, format 1.0, of rows x columns of whole numbers of one or two bytes. */
export function byteNpy(
  descr: "|u1" | "|i1" | "<i2",
  values: Uint8Array | Int8Array | Int16Array,
  columns: number,
): Uint8Array<ArrayBuffer> {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${values.length / columns}, ${columns}), }`;
  const padded = Math.ceil((10 + header.length + 1) / 64) * 64;
  const file = new Uint8Array(padded + values.byteLength).fill(0x20, 10, padded);
  file.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, (padded - 10) & 0xff, (padded - 10) >> 8]);
  file.set(new TextEncoder().encode(header), 10);
  file[padded - 1] = 0x0a;
  const view = new DataView(file.buffer, padded);
  if (values instanceof Int16Array) values.forEach((value, i) => view.setInt16(2 * i, value, true));
  else file.set(values, padded);
  return file;
}
