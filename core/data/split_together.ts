/** A split of the rows in which the rows of a file, or of a group (a patient, a frame), stay in one part. */
import type { DataConfig } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import { splitRows } from "../../ffi/split.ts";
import { textsOfRows } from "./annotations.ts";
import { fileKey } from "./row_keys.ts";
import { type ChunkFile, type Part, PARTS, type Source } from "./source.ts";

const FIELD = "data.split.by";

/** Bits of the seeded hash that orders the groups. */
const BITS = 30;

/** A number from 0 to 2^30 of a name and the seed, in which groups are ordered: the engine's hash, halved as often. */
function orderOf(name: string, seed: number): number {
  let order = 0;
  const codes = splitRows({ seed, firstRow: fileKey(name) - BITS, rows: BITS, train: 0.5, validation: 0.5 });
  for (const code of codes) order = order * 2 + code;
  return order;
}

/**
 * The part of each group. Groups are taken in the order of their hashes: for validation and test as many as come nearest to
 * their shares of the rows, and at least one each; the others are trained on.
 * @param sizes how many rows each group has
 */
export function partsOfGroups(
  sizes: ReadonlyMap<string, number>,
  { seed, validation, test }: { readonly seed: number; readonly validation: number; readonly test: number },
): Map<string, Part> {
  const total = [...sizes.values()].reduce((sum, rows) => sum + rows, 0);
  const left = [...sizes.keys()].map((name) => ({ name, order: orderOf(name, seed) }))
    .sort((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1)).map(({ name }) => name);
  const parts = new Map<string, Part>();
  let needed = [validation, test].filter((share) => share > 0).length + 1; // groups that the parts to come need
  for (const [part, share] of [["validation", validation], ["test", test]] as const) {
    if (share === 0) continue;
    needed--;
    let rows = 0;
    while (left.length > needed) {
      const size = sizes.get(left[0]!)!;
      const wanted = share * total;
      if (rows > 0 && rows + size - wanted > wanted - rows) break;
      parts.set(left.shift()!, part);
      rows += size;
    }
  }
  for (const name of left) parts.set(name, "train");
  return parts;
}

function require(names: ReadonlyMap<string, number>, wanted: number, what: string): void {
  if (names.size >= wanted) return;
  const has = names.size === 1 ? `there is one ${what}` : `there are ${countText(names.size)} ${what}s`;
  throw new UserError(
    FIELD,
    `${has}, and ${wanted} parts have a share of the rows`,
    "set data.split.validation or data.split.test to 0, or remove data.split.by",
  );
}

/**
 * The source with whole files or groups in each part, where the config says so.
 * @param evaluated whether nothing is to be trained on
 * @throws {UserError} where there are fewer of them than parts, or nothing says which group a row is of
 */
export async function splitTogether(source: Source, { split }: DataConfig, evaluated: boolean): Promise<Source> {
  if (split.by !== "rows" || split.together === undefined) return source;
  const { together } = split;
  const byFiles = together === "files";
  const texts = byFiles ? null : await textsOfRows(together.group, source, `${FIELD}.group`);
  const groupOf = (file: ChunkFile, row: number) => texts === null ? file.name : texts[file.firstRow + row]!;
  const sizes = new Map<string, number>();
  for (const file of source.files) {
    for (let row = 0; row < file.info.rows; row++) {
      const name = groupOf(file, row);
      sizes.set(name, (sizes.get(name) ?? 0) + 1);
    }
  }
  const wanted = PARTS.filter((part) => split[part] > 0).length;
  if (!evaluated) require(sizes, wanted, byFiles ? "file" : "group");
  const parts = partsOfGroups(sizes, split);
  const files = source.files.map((file) => {
    const rows: Record<Part, number[]> = { train: [], validation: [], test: [] };
    for (let row = 0; row < file.info.rows; row++) rows[parts.get(groupOf(file, row))!].push(row);
    const { train, validation, test } = rows;
    const own = {
      train: Uint32Array.from(train),
      validation: Uint32Array.from(validation),
      test: Uint32Array.from(test),
    };
    return { ...file, parts: own };
  });
  const count = (part: Part) => files.reduce((sum, file) => sum + file.parts[part].length, 0);
  return {
    ...source,
    files,
    partRows: { train: count("train"), validation: count("validation"), test: count("test") },
  };
}
