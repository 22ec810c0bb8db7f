/** Synthetic tensors for tests of files: in-memory sources and sinks. */
import {
  ELEMENT_BYTES,
  type TensorDtype,
  type TensorSink,
  tensorSizes,
  type TensorSource,
} from "../../../core/formats/tensor.ts";

/** A tensor in memory. */
export function memorySource(name: string, dtype: TensorDtype, shape: number[], bytes: Uint8Array): TensorSource {
  const { rowBytes } = tensorSizes({ dtype, shape });
  return {
    name,
    dtype,
    shape,
    read: (firstRow, rows, into) => {
      into.set(bytes.subarray(firstRow * rowBytes, (firstRow + rows) * rowBytes));
      return Promise.resolve();
    },
  };
}

/** Collects what is written to it in `bytes`. */
export function memorySink(
  name: string,
  dtype: TensorDtype,
  shape: number[],
): TensorSink & { readonly bytes: Uint8Array } {
  const { rowBytes, bytes: size } = tensorSizes({ dtype, shape });
  const bytes = new Uint8Array(size);
  return {
    name,
    dtype,
    shape,
    bytes,
    write: (firstRow, rows, from) => {
      if (from.length !== rows * rowBytes) throw new RangeError(`${from.length} bytes for ${rows} rows`);
      bytes.set(from, firstRow * rowBytes);
      return Promise.resolve();
    },
  };
}

/** Finite values that depend on every argument. */
export function patternTensor(name: string, dtype: TensorDtype, shape: number[], salt: number): TensorSource {
  const count = tensorSizes({ dtype, shape }).bytes / ELEMENT_BYTES[dtype];
  const value = (i: number) => ((i + 1) * 2654435761 + salt * 40503) % 1000003;
  const array = {
    F32: () => Float32Array.from({ length: count }, (_, i) => value(i) / 1000),
    F64: () => Float64Array.from({ length: count }, (_, i) => value(i) / 1000),
    U32: () => Uint32Array.from({ length: count }, (_, i) => value(i)),
    I64: () => BigInt64Array.from({ length: count }, (_, i) => BigInt(value(i))),
  }[dtype]();
  return memorySource(name, dtype, shape, new Uint8Array(array.buffer));
}

/** All bytes of a source. */
export async function bytesOf(source: TensorSource): Promise<Uint8Array> {
  const { rows, bytes } = tensorSizes(source);
  const all = new Uint8Array(bytes);
  await source.read(0, rows, all);
  return all;
}
