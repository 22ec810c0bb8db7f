/** docs/config.md from the schema: `deno run -A core/config/reference.ts` writes it anew. */
import { fromFileUrl } from "@std/path";
import { deref, expectation, isKinds, type JsonSchema, resumePolicy, rootSchema } from "./json_schema.ts";
import { showFlow } from "./show.ts";

const INTRODUCTION = `# Config reference

Made from the schema by \`deno run -A core/config/reference.ts\`: change the schema, not this page.

A config is YAML (\`.yaml\`), JSON (\`.json\`) or lines \`a.b=value\` (\`.env\`, \`.conf\`, \`.txt\`, \`.properties\`). Only the data and
the model have no default, so this is a whole config:

\`\`\`yaml
data: {path: chunks}
model:
  encoder: [{linear: 128}, relu, {linear: 16}]
  decoder: [{linear: 128}, relu, {linear: output}]
\`\`\`

- **Paths** start from the file that sets them. A path on the command line, that of an override included, starts from the
  folder in which you type the command, under \`deno task\` too. The default folder \`runs\` is that of the project under
  \`deno task\`, else one in the folder you are in.
- **\`extends: base.yaml\`** (or a list) starts from other configs: maps are merged key by key, everything else, lists
  included, is replaced. \`optimizer: null\` drops what the base sets below \`optimizer\`; \`optimizer:\` with nothing after it
  does not. YAML's merge key \`<<\` is refused.
- **\`--override a.b=value\`** sets one key over all files, typed as YAML, any number of times:
  \`--override training.epochs=3 --override model.encoder.0.linear=256 --override 'data.transforms=[log1p]'\`. A value on the
  command line is a number, true, false, null, a text, or a list or map in brackets. It has no comments, anchors or tags:
  \`--override "data.path=data/run #3"\` names that folder.
- **\`narrows config check FILE\`** prints the config with everything filled in, or each mistake as
  \`file:line:column: what is wrong\`. **\`narrows config explain FILE KEY\`** says who set a value and what it may be.
- **Settings that are almost surely mistakes** (Adam above 0.1, early stopping without validation rows, a last batch of one
  row under batch norm) are told in one line each that begins with \`warning:\`, by \`config check\`, \`train --dry-run\` and
  \`train\`.
- **Editors** complete and check configs with the output of \`narrows config schema\`:
  \`# yaml-language-server: $schema=config.schema.json\` as the first line.
- **The resolved config** is saved as \`config.yaml\` in the run folder; training from it repeats the run.
- **The column \`resume\`** says what \`train --resume RUN --override KEY=VALUE\` may do with a key. *free*: it may change: the machine,
  the output, how long to train. *from there*: it may change from the checkpoint on, which is said and recorded. *fork*: another
  value is another experiment, which is refused; \`train --fork RUN\` begins it as a run of its own from the checkpoint's weights.
`;

const RESUME = { free: "free", from_here: "from there", fixed: "fork" } as const;

/** The page, in Markdown. */
export function configReference(): string {
  const root = rootSchema();
  const entries = Object.entries(root.properties ?? {}).map(([key, schema]) => [key, deref(schema)] as const);
  const top = entries.filter(([, schema]) => schema.properties === undefined);
  const sections = entries.filter(([, schema]) => schema.properties !== undefined);
  const kinds = Object.values(root.definitions ?? {}).filter(isKinds);
  return [
    INTRODUCTION,
    `## Top level\n\n${table(top)}`,
    ...sections.map(([key, schema]) => `## ${key}\n\n${sentence(schema.description)}\n\n${table(leaves(key, schema))}`),
    ...kinds.map(kindsSection),
  ].join("\n");
}

function leaves(prefix: string, schema: JsonSchema): (readonly [string, JsonSchema])[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, below]) => {
    const path = `${prefix}.${key}`;
    return below.properties ? leaves(path, below) : [[path, deref(below)] as const];
  });
}

function table(rows: readonly (readonly [string, JsonSchema])[]): string {
  const lines = rows.map(([path, schema]) => {
    const fallback = schema.default === undefined ? "" : `\`${showFlow(schema.default)}\``;
    const resume = path === "extends" ? "" : RESUME[resumePolicy(path) ?? "fixed"];
    return `| \`${path}\` | ${expectation(schema)} | ${fallback} | ${schema.description ?? ""} | ${resume} |`;
  });
  return ["| key | value | default | meaning | resume |", "|---|---|---|---|---|", ...lines, ""].join("\n");
}

/** A union of kinds: bare names, then a row for each map with its options. */
function kindsSection(schema: JsonSchema): string {
  const branches = (schema.anyOf ?? []).map(deref);
  const bare = branches.find((branch) => branch.enum !== undefined);
  const lines = branches.flatMap((branch) =>
    Object.entries(branch.properties ?? {}).map(([key, below], index) => {
      const option = deref(below);
      const name = index === 0 ? `\`${showFlow(branch.examples?.[0])}\`` : `- \`${key}\``;
      const fallback = option.default === undefined ? "" : `\`${showFlow(option.default)}\``;
      const value = isKinds(option) ? initialisations(option) : expectation(option);
      return `| ${name} | ${value} | ${fallback} | ${option.description ?? ""} |`;
    })
  );
  const names = (bare?.enum ?? []).map((name) => `\`${name}\``).join(", ");
  const title = `${schema.title}s`;
  return [
    `## ${title.charAt(0).toUpperCase()}${title.slice(1)}`,
    "",
    `Bare names: ${names} (${bare?.description}). Maps, with their further options below them:`,
    "",
    "| form | value | default | meaning |",
    "|---|---|---|---|",
    ...lines,
    "",
  ].join("\n");
}

function initialisations(schema: JsonSchema): string {
  return (schema.anyOf ?? []).map(deref)
    .map((branch) => branch.enum ? expectation(branch) : `\`${showFlow(branch.examples?.[0])}\``).join(", or ");
}

function sentence(text = ""): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

if (import.meta.main) {
  await Deno.writeTextFile(fromFileUrl(new URL("../../docs/config.md", import.meta.url)), configReference());
}
