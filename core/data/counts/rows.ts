/** The rows of one source after the steps for counts, as a source that is prepared. */
import { UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import type { RowNames } from "../data_json.ts";
import { rawRows } from "../raw_rows.ts";
import type { Block, OpenSource } from "../readers/reader.ts";
import { sortEntries } from "../readers/rows.ts";
import { type Applied, chain } from "./chain.ts";
import type { Fitted } from "../fitted.ts";
import { actionsOf, columnsLeft } from "./fitted.ts";
import type { Rows } from "./step.ts";

/** A source before the steps. */
export interface RawSource {
  readonly name: string;
  readonly path: string;
  readonly rows: number;
  readonly columns: number;
  readonly dense: boolean;
  /** Paths of its chunks in order. */
  readonly chunks: readonly string[];
  readonly columnNames: readonly string[] | null;
  readonly tables: RowNames;
}

/**
 * @param columnMap for each column of the source that of the data that the steps were concluded from, -1 where it is left out; null
 * where they are the same
 * @throws {UserError} where no row is left
 */
export async function countedRows(
  source: RawSource,
  fitted: Fitted,
  columnMap: Int32Array | null,
): Promise<OpenSource> {
  const actions = actionsOf(fitted);
  const blocks = async function* (): AsyncGenerator<Rows> {
    for (const path of source.chunks) {
      for await (const block of rawRows(path)) yield columnMap === null ? block : mapped(block, columnMap);
    }
  };
  const last = actions.findLastIndex(({ action }) => action.does === "choose rows");
  const kept = last < 0 ? null : await keptRows(source, actions.slice(0, last + 1), blocks());
  const chosen = <T>(values: readonly T[]): readonly T[] => kept?.map((row) => values[row]!) ?? values;
  const left = columnsLeft(actions, fitted.columns);
  const columnNames = fitted.column_names ?? source.columnNames;
  const isDense = actions.at(-1)!.action.does === "make dense" || source.dense;
  const { names, tables } = source.tables;
  const kinds = actions.map(({ step }) => step.kind).join(", ");
  return {
    rows: kept?.length ?? source.rows,
    columns: left.length,
    sparse: !isDense,
    rowNames: names && chosen(names),
    columnNames: columnNames && left.map((column) => columnNames[column]!),
    rowTables: new Map(Object.entries(tables).map(([name, values]) => [name, chosen(values)])),
    ...kept === null ? {} : { keptRows: { of: source.rows, rows: kept } },
    members: [],
    notes: [
      `steps: ${kinds}; ${countText(kept?.length ?? source.rows)} of ${countText(source.rows)} rows and ${
        countText(left.length)
      } of ${countText(fitted.columns)} columns are left`,
    ],
    async *read() {
      for await (const block of blocks()) {
        const { block: made } = chain(actions, block);
        if (made.rows > 0) yield made;
      }
    },
    close: () => {},
  };
}

/** The numbers of the rows that steps leave. */
async function keptRows(
  { path, rows: all, columns }: RawSource,
  actions: readonly Applied[],
  blocks: AsyncIterable<Rows>,
): Promise<readonly number[]> {
  const rows: number[] = [];
  let first = 0, genes = 0, counts = 0;
  for await (const block of blocks) {
    const { kept, block: left } = chain(actions, block) as { kept: Uint32Array | null; block: Block };
    for (let row = 0; row < left.rows; row++) rows.push(first + (kept?.[row] ?? row));
    for (let row = 0; row < block.rows; row++) {
      genes = Math.max(genes, block.indptr[row + 1]! - block.indptr[row]!);
      const values = block.data.subarray(block.indptr[row]!, block.indptr[row + 1]!);
      counts = Math.max(counts, values.reduce((sum, value) => sum + value, 0));
    }
    first += block.rows;
  }
  if (rows.length > 0) return rows;
  throw new UserError(
    "data.steps: filter_cells",
    `leaves none of the ${countText(all)} rows of ${path}, which have at most ${countText(genes)} of ${
      countText(columns)
    } columns above 0 and sums of at most ${Number(counts.toPrecision(6))}`,
    "change its bounds",
  );
}

/** The entries under other numbers of columns, in their order. */
function mapped({ rows, indptr, indices, data }: Rows, map: Int32Array): Rows {
  const starts = new Float64Array(rows + 1);
  const columns = new Uint32Array(indices.length), values = new Float32Array(indices.length);
  let end = 0;
  for (let row = 0; row < rows; row++) {
    const start = end;
    for (let at = indptr[row]!; at < indptr[row + 1]!; at++) {
      const column = map[indices[at]!]!;
      if (column < 0) continue;
      columns[end] = column;
      values[end++] = data[at]!;
    }
    end = sortEntries(columns, values, start, end);
    starts[row + 1] = end;
  }
  return { rows, indptr: starts, indices: columns.slice(0, end), data: values.slice(0, end) };
}
