/** Columns of other data by the names of those that a run was trained on. */
import { UserError } from "../errors.ts";
import { countText } from "../figures.ts";

/**
 * For each column of the data, the model's column of the same name.
 * @returns null if they are in the same order
 * @throws {UserError} if a name is not one of the model's, or two columns have it
 */
export function matchColumns(
  trained: readonly string[],
  given: readonly string[],
  where: string,
): Uint32Array<ArrayBuffer> | null {
  if (given.length === trained.length && given.every((name, column) => name === trained[column])) return null;
  const columns = new Map(trained.map((name, column) => [name, column]));
  const other = given.findIndex((name) => !columns.has(name));
  if (other >= 0) {
    throw new UserError(
      where,
      `column ${other} is ${JSON.stringify(given[other])}, which is not a column that the run was trained on`,
      `give the ${
        countText(trained.length)
      } columns of the run, in any order: column_names.txt in its folder lists them`,
    );
  }
  const seen = new Map<string, number>();
  for (const names of [given, trained]) {
    seen.clear();
    names.forEach((name, column) => {
      const first = seen.get(name);
      seen.set(name, column);
      if (first === undefined) return;
      throw new UserError(
        where,
        `the columns are in another order than the run's, and columns ${first} and ${column} are both ` +
          JSON.stringify(name),
        "give every column a name of its own, or the columns in the run's order",
      );
    });
  }
  return Uint32Array.from(given, (name) => columns.get(name)!);
}
