/** Tensors as files see them: rows along the first dimension, little-endian, dense. A scalar is one row. */

export type TensorDtype = "F32" | "F64" | "U32" | "I64";

/** Bytes of one element. */
export const ELEMENT_BYTES = { F32: 4, F64: 8, U32: 4, I64: 8 } as const satisfies Record<TensorDtype, number>;

/** Bytes of one element of every type that a safetensors file may hold, the engine's among them. */
export const STORED_BYTES = {
  ...ELEMENT_BYTES,
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1 },
  ...{ U16: 2, I16: 2, F16: 2, BF16: 2, I32: 4, U64: 8 },
} as const;

export type StoredDtype = keyof typeof STORED_BYTES;

export interface TensorInfo<D extends StoredDtype = TensorDtype> {
  readonly name: string;
  readonly dtype: D;
  readonly shape: readonly number[];
}

export interface TensorSource<D extends StoredDtype = TensorDtype> extends TensorInfo<D> {
  /** Fills `into` (rows x row bytes) with rows [firstRow, firstRow + rows). */
  read(firstRow: number, rows: number, into: Uint8Array<ArrayBuffer>): Promise<void>;
}

export interface TensorSink extends TensorInfo {
  /** Takes rows [firstRow, firstRow + rows) from `from` (rows x row bytes), which is reused after the promise. */
  write(firstRow: number, rows: number, from: Uint8Array<ArrayBuffer>): Promise<void>;
}

/** Sizes of a tensor: rows of the first dimension, bytes of one row, bytes in all. */
export function tensorSizes(
  info: Pick<TensorInfo<StoredDtype>, "dtype" | "shape">,
): { rows: number; rowBytes: number; bytes: number } {
  const rows = info.shape[0] ?? 1;
  const rowBytes = info.shape.slice(1).reduce((product, size) => product * size, STORED_BYTES[info.dtype]);
  return { rows, rowBytes, bytes: rows * rowBytes };
}

/** `[512, 60664]` as text. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

const SLICE_BYTES = 2 << 20;
/** The engine keeps some tensors transposed: fewer rows at a time would waste most of each cache line. */
const SLICE_ROWS_MIN = 16;

/** The pieces a tensor is moved in: about 2 MB, at least 16 rows. */
export function* tensorSlices(
  info: Pick<TensorInfo<StoredDtype>, "dtype" | "shape">,
): Generator<{ firstRow: number; rows: number; bytes: number }> {
  const { rows, rowBytes } = tensorSizes(info);
  if (rowBytes === 0) return;
  const step = Math.max(SLICE_ROWS_MIN, Math.floor(SLICE_BYTES / rowBytes));
  for (let firstRow = 0; firstRow < rows; firstRow += step) {
    const count = Math.min(step, rows - firstRow);
    yield { firstRow, rows: count, bytes: count * rowBytes };
  }
}

/** Bytes of the largest slice of any of these tensors: the buffer that moves them all. */
export function largestSlice(tensors: Iterable<TensorInfo<StoredDtype>>): number {
  let largest = 0;
  for (const tensor of tensors) {
    for (const { bytes } of tensorSlices(tensor)) {
      largest = Math.max(largest, bytes);
      break; // the first slice of a tensor is its largest
    }
  }
  return largest;
}
