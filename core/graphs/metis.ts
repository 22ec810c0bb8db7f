/**
 * METIS (Karypis and Kumar 1998) as its program `gpmetis`, which Debian has in the package `metis`: it takes a graph as a text
 * file and writes the part of each vertex into another one.
 */
import { join } from "@std/path";
import { findProgram } from "../build/programs.ts";
import { systemReason } from "../formats/io_error.ts";

const PROGRAM = "gpmetis";
const MOST_MS = 10 * 60_000;

/** The program's path; null where it is not installed. */
export const metis = (): string | null => findProgram([PROGRAM]);

/**
 * The graph in METIS' format: the numbers of vertices and edges, then for each vertex, on a line, its neighbours from 1 with
 * the weights of the edges to them.
 * @param pairs the two ends of each edge, one after the other; repeated edges, in either direction, become one that weighs as
 *   many
 */
export function metisText(vertices: number, pairs: Uint32Array): string {
  const neighbours = Array.from({ length: vertices }, () => new Map<number, number>());
  let edges = 0;
  const add = (from: number, to: number) => neighbours[from]!.set(to, (neighbours[from]!.get(to) ?? 0) + 1);
  for (let at = 0; at < pairs.length; at += 2) {
    const [source, target] = [pairs[at]!, pairs[at + 1]!];
    if (source === target) continue;
    if (!neighbours[source]!.has(target)) edges++;
    add(source, target);
    add(target, source);
  }
  const lines = neighbours.map((all) => [...all].map(([to, weight]) => `${to + 1} ${weight}`).join(" "));
  return `${vertices} ${edges} 001\n${lines.join("\n")}\n`;
}

/** What METIS answers, or why it does not. */
export type MetisAnswer = { readonly part: Uint32Array<ArrayBuffer> } | { readonly failed: string };

/** The part of each vertex, the same for the same graph. @param program {@link metis} */
export async function runMetis(
  program: string,
  vertices: number,
  pairs: Uint32Array,
  parts: number,
): Promise<MetisAnswer> {
  const folder = await Deno.makeTempDir({ prefix: "narrows-metis-" });
  try {
    const graph = join(folder, "graph");
    await Deno.writeTextFile(graph, metisText(vertices, pairs));
    const { success, code, stdout, stderr } = await new Deno.Command(program, {
      args: ["-seed=1", graph, String(parts)],
      cwd: folder,
      stdin: "null",
      signal: AbortSignal.timeout(MOST_MS),
    }).output();
    const said = new TextDecoder().decode(stderr) || new TextDecoder().decode(stdout);
    if (!success) return { failed: `exit status ${code}: ${said.trim().split("\n").at(-1)?.trim() ?? ""}` };
    const lines = (await Deno.readTextFile(`${graph}.part.${parts}`)).trim().split("\n").map(Number);
    const isPart = (number: number) => Number.isInteger(number) && number >= 0 && number < parts;
    if (lines.length !== vertices || !lines.every(isPart)) {
      return { failed: `its answer is not the part of each vertex` };
    }
    return { part: Uint32Array.from(lines) };
  } catch (error) {
    return { failed: systemReason(error) };
  } finally {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
}
