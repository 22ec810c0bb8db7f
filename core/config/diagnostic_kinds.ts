/** Which diagnostics are made, in YAML form: names, and TypeScript files of the user's. */
import { z } from "zod";
import { DIAGNOSTICS } from "../diagnostics/list.ts";
import { namesSchema } from "./fields.ts";
import type { DiagnosticModule } from "./types.ts";

const NAME = /^[a-z][a-z0-9_]{0,63}$/;

const SETS = {
  auto: "those that suit the data and take little time",
  all: "every one that has an answer",
};

const module = z.strictObject({
  module: z.string().min(1).meta({ format: "path" }).describe(
    "a TypeScript file whose default export is asked, in a process of its own; it runs only if the command line says --allow-run",
  ),
  name: z.string().min(1).max(64).optional().describe(
    "the name of its answer, diagnostics/epoch-NNNN/NAME.json: small letters, digits and _; by default that of the file",
  ),
  seconds: z.number().gt(0).max(86_400).default(60).describe(
    "time that its answer may take; then the run goes on without it",
  ),
  settings: z.record(z.string(), z.json()).default({}).describe("what the file is given as its settings"),
}).meta({ examples: [{ module: "active_units.ts" }] });

export const kindsSchema = z.union([
  z.enum(["auto", "all"]),
  z.array(
    z.union([
      namesSchema({ ...SETS, ...Object.fromEntries(DIAGNOSTICS.map(({ name, about }) => [name, about])) }),
      module,
    ]).meta({ title: "diagnostic", id: "diagnostic" }),
  ),
]).default("auto").describe(
  `which diagnostics are made; ${
    Object.entries(SETS).map(([name, about]) => `${name}: ${about}`).join("; ")
  }; or a list of names, ` +
    "which docs/diagnostics.md explains, and of TypeScript files of one's own, {module: FILE}",
);

type RawKind = string | z.output<typeof module>;

/** The name of an entry: its own, else that of the file without its ending. */
export function nameOfKind(kind: RawKind): string {
  if (typeof kind === "string") return kind;
  const stem = kind.module.replace(/^.*\//, "").replace(/\.[^.]*$/, "");
  return kind.name ?? stem.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_").replaceAll(/^[_0-9]+|_+$/g, "").slice(0, 64);
}

/** What is wrong with each entry of a list among the others. */
export function kindProblems(kinds: readonly RawKind[]): { index: number; what: string; hint: string }[] {
  return kinds.flatMap((kind, index) => {
    const name = nameOfKind(kind), isModule = typeof kind !== "string";
    if (isModule && !NAME.test(name)) {
      return [{
        index,
        what: `needs a name of small letters, digits and _ that begins with a letter, got ${kind.name ?? kind.module}`,
        hint: "add name: my_question",
      }];
    }
    if (isModule && (name in SETS || DIAGNOSTICS.some((diagnostic) => diagnostic.name === name))) {
      return [{ index, what: `has the name of another diagnostic, got ${name}`, hint: "add name: my_question" }];
    }
    if (kinds.findIndex((each) => nameOfKind(each) === name) === index) return [];
    return [{
      index,
      what: `names ${name} a second time`,
      hint: isModule ? "give one of them another name" : "remove it",
    }];
  });
}

/** @param path of a module as it is written and its place in the list, to an absolute one */
export function resolvedKinds(
  kinds: "auto" | "all" | readonly RawKind[],
  path: (index: number, value: string) => string,
): "auto" | "all" | (string | DiagnosticModule)[] {
  if (typeof kinds === "string") return kinds;
  return kinds.map((kind, i) =>
    typeof kind === "string" ? kind : { ...kind, name: nameOfKind(kind), module: path(i, kind.module) }
  );
}
