/**
 * The category of each row (`data.batch`: a donor, a run), for layers that take it. In training the categories are numbered in
 * the order of their names; afterwards the run's own names are the categories that there are.
 */
import { isAbsolute } from "@std/path";
import { needsCategories } from "../config/properties.ts";
import type { Config, ModelConfig } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { countText } from "../figures.ts";
import { textsOfRows } from "./annotations.ts";
import { naturally } from "./files.ts";
import type { Source } from "./source.ts";

export interface CategoryOptions {
  /** The categories that a run was trained on; null where there are none yet. */
  readonly known?: readonly string[] | null;
  /** The key of the config or the option that names the file, for messages. */
  readonly field?: string;
  /** Whether rows without the table that the config names have no categories. */
  readonly optional?: boolean;
  readonly note?: (text: string) => void;
}

const SHOWN = 8;

const listed = (names: readonly string[]) =>
  names.slice(0, SHOWN).join(", ") + (names.length > SHOWN ? ` and ${countText(names.length - SHOWN)} more` : "");

/**
 * The source with the categories of its rows, where the config or the rows in memory have them.
 * @throws {UserError} also on a category that the run was not trained on, with its name
 */
export async function categorised(
  source: Source,
  { data }: Pick<Config, "data">,
  { known = null, field = "data.batch", optional = false, note }: CategoryOptions = {},
): Promise<Source> {
  const named = data.batch !== null && optional && !isAbsolute(data.batch) && !source.rowTables.has(data.batch)
    ? null
    : data.batch;
  const given = source.batch ?? (named === null ? null : await textsOfRows(named, source, field, note));
  if (given === null) return { ...source, categoryNames: known };
  const categoryNames = known ?? [...new Set(given)].sort(naturally);
  const numbers = new Map(categoryNames.map((name, number) => [name, number]));
  const other = given.findIndex((name) => !numbers.has(name));
  if (other >= 0) {
    throw new UserError(
      data.batch === null ? "data.batch" : `${field}: ${data.batch}`,
      `row ${other} is of ${JSON.stringify(given[other])}, which is not a category that the run was trained on`,
      `it was trained on ${listed(categoryNames)}`,
    );
  }
  const all = Uint32Array.from(given, (name) => numbers.get(name)!);
  const files = source.files.map((file) => {
    return { ...file, categories: all.subarray(file.firstRow, file.firstRow + file.info.rows) };
  });
  return { ...source, files, categoryNames };
}

/** Categories without a training row, in one line; null where each has one. */
export function untrainedNote({ files, categoryNames }: Source): string | null {
  if (categoryNames === null || files[0]?.categories === undefined) return null;
  const seen = new Set(files.flatMap(({ parts, categories }) => Array.from(parts.train, (row) => categories![row]!)));
  const bare = categoryNames.filter((_, number) => !seen.has(number));
  if (bare.length === 0) return null;
  return `data.batch: no training row is of ${listed(bare)}, so nothing is learned about ${
    bare.length === 1 ? "it" : "them"
  }`;
}

/**
 * @param layers those that the rows pass through
 * @throws {UserError} if they need the categories of the rows, and the rows have none
 */
export function requireCategories({ files }: Source, layers: ModelConfig["encoder"], field: string): void {
  if (!layers.some(needsCategories) || files[0]?.categories !== undefined) return;
  throw new UserError(
    field,
    "is missing: the network needs the category of each row, as it was trained with data.batch",
    "give a file with the category of each row, one a line",
  );
}
