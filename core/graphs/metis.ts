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

/** Characters of a piece of the text, about. */
const PIECE = 1 << 16;

/**
 * The graph in METIS' format, in pieces: the numbers of vertices and edges, then for each vertex, on a line, its neighbours from 1
 * with the weights of the edges to them. Graphs of millions of vertices have no objects and no text of their own in memory.
 * @param pairs the two ends of each edge, one after the other; repeated edges, in either direction, become one that weighs as
 *   many
 */
export function* metisText(vertices: number, pairs: Uint32Array): Generator<string, void> {
  const begin = new Float64Array(vertices + 1);
  const eachEnd = (visit: (from: number, to: number) => void) => {
    for (let at = 0; at < pairs.length; at += 2) {
      const [source, target] = [pairs[at]!, pairs[at + 1]!];
      if (source === target) continue;
      visit(source, target);
      visit(target, source);
    }
  };
  eachEnd((from) => begin[from + 1]!++);
  for (let vertex = 0; vertex < vertices; vertex++) begin[vertex + 1]! += begin[vertex]!;
  const neighbours = new Uint32Array(begin[vertices]!), next = begin.slice();
  eachEnd((from, to) => neighbours[next[from]!++] = to);
  let ends = 0;
  for (let vertex = 0; vertex < vertices; vertex++) {
    const own = neighbours.subarray(begin[vertex]!, begin[vertex + 1]!).sort();
    for (let at = 0; at < own.length; at++) if (at === 0 || own[at] !== own[at - 1]) ends++;
  }
  let text = `${vertices} ${ends / 2} 001\n`;
  for (let vertex = 0; vertex < vertices; vertex++) {
    const end = begin[vertex + 1]!;
    let line = "";
    for (let at = begin[vertex]!, weight = 1; at < end; at++, weight++) {
      if (at + 1 < end && neighbours[at + 1] === neighbours[at]) continue;
      line += `${line === "" ? "" : " "}${neighbours[at]! + 1} ${weight}`;
      weight = 0;
    }
    text += `${line}\n`;
    if (text.length < PIECE) continue;
    yield text;
    text = "";
  }
  yield text;
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
    await Deno.writeTextFile(graph, ReadableStream.from(metisText(vertices, pairs)));
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
