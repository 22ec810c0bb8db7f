/**
 * Tensors of safetensors files (`.safetensors`), such as activations that were taken from a language model. The last axis of a
 * tensor is a row; the axes before it are read one after another, so a tensor of texts x tokens x width has a row for each token.
 * Each file of a folder or a glob is a source of its own, a shard.
 */
import { MalformedError, UserError } from "../../errors.ts";
import { SafetensorsFile } from "../../formats/safetensors.ts";
import { STORED_BYTES, type StoredDtype } from "../../formats/tensor.ts";
import { roundingNote, toNumbers, type ValueType } from "../../formats/values.ts";
import { chosen } from "./members.ts";
import { type Block, OpenChoice, type OpenSource, type Reader, type ReaderOptions } from "./reader.ts";
import { checkRow, PLAIN, rowsOfBlock } from "./records.ts";
import { requireNoSettings } from "./settings.ts";

export const safetensors: Reader = {
  format: "safetensors",
  about: "a safetensors file",
  claims: (_, head) => isSafetensors(head),
  open: openSafetensors,
};

/** A length of 64 bits below the format's limit of 100 MB, then a JSON object. */
function isSafetensors(head: Uint8Array): boolean {
  if (head.length < 10) return false;
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  return length >= 2n && length <= 100_000_000n && head[8] === "{".charCodeAt(0);
}

/** How the elements are read; undefined of those that are not. */
const VALUES: Readonly<Record<StoredDtype, ValueType | undefined>> = {
  BOOL: "uint8",
  U8: "uint8",
  I8: "int8",
  F8_E4M3: undefined,
  F8_E5M2: undefined,
  U16: "uint16",
  I16: "int16",
  F16: "float16",
  BF16: "bfloat16",
  U32: "uint32",
  I32: "int32",
  F32: "float32",
  U64: "uint64",
  I64: "int64",
  F64: "float64",
};

/** A tensor as rows. */
interface Part {
  readonly name: string;
  readonly type: ValueType;
  readonly rows: number;
  readonly columns: number;
  readonly rowBytes: number;
}

async function openSafetensors(path: string, options: ReaderOptions): Promise<OpenSource> {
  requireNoSettings(options, "safetensors");
  const file = await SafetensorsFile.openStored(path);
  const members = [...file.tensors.values()].map(({ name, dtype, shape }) => {
    return { name, shape, type: dtype, sparse: false, isNumeric: VALUES[dtype] !== undefined };
  });
  const shown = members.map(({ isNumeric: _, ...member }) => member);
  try {
    const parts = chosen(path, members, options.member).map((name) => partOf(file, name));
    const [first] = parts as [Part, ...Part[]];
    for (const { name, columns } of parts) {
      if (columns === first.columns) continue;
      const what = `${name} has rows of ${columns} values, ${first.name} of ${first.columns}`;
      throw new UserError(path, what, "name tensors of one width with data.member");
    }
    return {
      ...PLAIN,
      rows: parts.reduce((rows, part) => rows + part.rows, 0),
      columns: first.columns,
      places: parts.map(({ name, type, rows }) => ({ path, offset: file.tensors.get(name)!.offset, rows, type })),
      rowTables: new Map(
        parts.length === 1 ? [] : [["tensor", parts.flatMap(({ name, rows }) => Array<string>(rows).fill(name))]],
      ),
      members: shown,
      notes: [...new Set(parts.flatMap(({ type }) => roundingNote(type)))],
      read: (blockRows) => blocks(file, parts, blockRows),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    const isChoice = error instanceof UserError && !(error instanceof MalformedError);
    throw isChoice ? new OpenChoice(error, shown) : error;
  }
}

function partOf(file: SafetensorsFile<StoredDtype>, name: string): Part {
  const { dtype, shape } = file.tensors.get(name)!;
  if (shape.length < 2) {
    const what = `${name} has the shape [${
      shape.join(", ")
    }]: rows need two axes or more, of which the last one is a row`;
    throw new UserError(file.path, what, "name another tensor with data.member");
  }
  const columns = shape.at(-1)!;
  checkRow(file.path, columns);
  return {
    name,
    type: VALUES[dtype]!,
    rows: shape.slice(0, -1).reduce((product, size) => product * size, 1),
    columns,
    rowBytes: columns * STORED_BYTES[dtype],
  };
}

async function* blocks(
  file: SafetensorsFile<StoredDtype>,
  parts: readonly Part[],
  blockRows: number,
): AsyncGenerator<Block> {
  for (const { name, type, rows, columns, rowBytes } of parts) {
    const most = rowsOfBlock(blockRows, columns);
    const bytes = new Uint8Array(Math.min(most, rows) * rowBytes);
    for (let from = 0; from < rows; from += most) {
      const count = Math.min(most, rows - from);
      const some = bytes.subarray(0, count * rowBytes);
      await file.readBytes(name, from * rowBytes, some);
      const values = new Float32Array(count * columns);
      toNumbers(type, "little", some, values);
      yield { rows: count, values };
    }
  }
}
