/** Writes tables as Parquet (https://parquet.apache.org), a group of rows at a time. */
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { VERSION } from "../version.ts";
import { writeAtomically } from "./file.ts";

/** A column of texts or of whole numbers, all of it. */
export interface Column {
  readonly name: string;
  readonly values: readonly string[] | readonly number[];
}

/** Values of a group of rows. */
const GROUP_VALUES = 1 << 22;

const textColumn = { type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" } as const;
const wholeColumn = { type: "INT64", repetition_type: "REQUIRED" } as const;
const floatColumn = { type: "FLOAT", repetition_type: "REQUIRED" } as const;

const isText = ({ values }: Column) => typeof values[0] === "string";

/**
 * Writes a table that appears whole or not at all: columns about the rows, and then float32 values.
 * @param names of the columns of values
 * @param parts the values, row by row, some rows at a time
 */
export async function writeParquet(
  path: string,
  about: readonly Column[],
  names: readonly string[],
  rows: number,
  parts: AsyncIterable<Float32Array<ArrayBuffer>>,
): Promise<void> {
  const width = names.length;
  await writeAtomically(path, async (file) => {
    const bytes = new ByteWriter();
    const writer = new ParquetWriter({
      writer: bytes,
      schema: [
        { name: "schema", num_children: about.length + width },
        ...about.map((column) => ({ name: column.name, ...isText(column) ? textColumn : wholeColumn })),
        ...names.map((name) => ({ name, ...floatColumn })),
      ],
      createdBy: `narrows ${VERSION}`,
    });
    const flush = async () => {
      await file.write(bytes.getBytes());
      bytes.index = 0; // its offset goes on counting
    };
    const groupRows = Math.max(1, Math.floor(GROUP_VALUES / Math.max(1, width)));
    const group = new Float32Array(groupRows * width);
    let filled = 0, done = 0;
    const writeGroup = async () => {
      const count = filled / width, end = done + count;
      writer.write({
        columnData: [
          ...about.map((column) => {
            const values = column.values.slice(done, end);
            return { name: column.name, data: isText(column) ? values : (values as number[]).map(BigInt) };
          }),
          ...names.map((name, at) => ({
            name,
            data: Float32Array.from({ length: count }, (_, row) => group[row * width + at]!),
            encoding: "PLAIN" as const,
            codec: "UNCOMPRESSED" as const,
          })),
        ],
        rowGroupSize: count,
      });
      await flush();
      [filled, done] = [0, end];
    };
    for await (const values of parts) {
      for (let at = 0; at < values.length;) {
        const count = Math.min(values.length - at, group.length - filled);
        group.set(values.subarray(at, at + count), filled);
        at += count;
        filled += count;
        if (filled === group.length) await writeGroup();
      }
    }
    if (filled > 0) await writeGroup();
    if (done !== rows) throw new Error(`${path}: ${done} rows written of ${rows}`);
    writer.finish();
    await flush();
  });
}
