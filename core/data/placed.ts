/** Rows that are read where they lie in the files of a source: chunks of them without a copy. */
import { elementBytes } from "../../ffi/arrays.ts";
import { denseRows } from "./chunk_writer.ts";
import type { ChunkRecord, PlacedRecord, PreparedData } from "./data_json.ts";
import type { RowPlace } from "./readers/reader.ts";

/**
 * Chunks of as many rows as those that would be written, so that the order of an epoch does not depend on which of both it is; only
 * a chunk ends where its matrix does.
 */
export function placedChunks(places: readonly RowPlace[], columns: number, chunkBytes?: number): PlacedRecord[] {
  const most = denseRows(columns, chunkBytes);
  const records: PlacedRecord[] = [];
  let before = 0;
  for (const { path, offset, rows, type } of places) {
    for (let row = 0; row < rows; row += most) {
      const count = Math.min(most, rows - row);
      const at = offset + row * columns * elementBytes(type);
      records.push({
        place: { path, offset: at, type },
        first_row: before + row,
        rows: count,
        nnz: count * columns,
      });
    }
    before += rows;
  }
  return records;
}

export const isPlaced = (chunk: ChunkRecord | PlacedRecord): chunk is PlacedRecord => "place" in chunk;

/** Whether a data set holds no copy of some of its rows. */
export const hasPlaced = ({ sources }: PreparedData): boolean => sources.some(({ chunks }) => chunks.some(isPlaced));

/** The chunks of a source of which all rows were copied. */
export function copiedChunks(chunks: readonly (ChunkRecord | PlacedRecord)[]): readonly ChunkRecord[] {
  return chunks.map((chunk) => {
    if (isPlaced(chunk)) throw new Error(`${chunk.place.path}: its rows were not copied`);
    return chunk;
  });
}
