/** Prints the latent vectors of a run's rows, or of those of a file, as the library gives them: JSON of name and values. */
import { embed } from "../../mod.ts";

const [run, data] = Deno.args as [string, string?];
const { rows, columns, values, rowNames } = await embed(run, data === undefined ? {} : { data });
const rowOf = (row: number) => [...values.subarray(row * columns, (row + 1) * columns)];
console.log(JSON.stringify(Array.from({ length: rows }, (_, row) => [rowNames![row], rowOf(row)])));
