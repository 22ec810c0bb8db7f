/** docs/config.md from the schema: `deno run -A core/config/reference.ts` writes it anew. */
import { fromFileUrl } from "@std/path";
import { deref, expectation, isKinds, type JsonSchema, resumePolicy, rootSchema } from "./json_schema.ts";
import { showFlow } from "./show.ts";

const INTRODUCTION = `# Config reference

This page is made from the schema by \`deno run -A core/config/reference.ts\`: change the schema, not this page.

A config is a YAML file (\`.yaml\`), a JSON file (\`.json\`) or a file with lines \`a.b=value\` (\`.env\`, \`.conf\`, \`.txt\`,
\`.properties\`). Everything but the data and the model has a default, so this is a complete config:

\`\`\`yaml
data: {path: chunks}
model:
  encoder: [{linear: 128}, relu, {linear: 16}]
  decoder: [{linear: 128}, relu, {linear: output}]
\`\`\`

- **Paths** in a file are relative to that file. Paths on the command line, also those in an override, are relative to the
  folder in which you type the command, under \`deno task\` too. The default folder \`runs\` is in the project under
  \`deno task\`, and otherwise in the folder in which you are.
- **\`extends: base.yaml\`** (or a list) starts from other configs. Maps are merged key by key; any other value, lists
  included, replaces the base's value. \`optimizer: null\` removes everything that the base sets below \`optimizer\`, while
  \`optimizer:\` with nothing after it removes nothing. YAML's merge key \`<<\` is refused.
- **\`--override a.b=value\`** sets one key, whatever the files say. It can be given any number of times:
  \`--override training.epochs=3 --override model.encoder.0.linear=256 --override 'data.transforms=[log1p]'\`. A value on the
  command line is a number, true, false, null, a text, or a list or map in brackets. It has no comments, anchors or tags:
  \`--override "data.path=data/run #3"\` names the folder \`data/run #3\`.
- **\`narrows config check FILE\`** prints the config with all defaults filled in, or each mistake as
  \`file:line:column: what is wrong\`. **\`narrows config explain FILE KEY\`** says who set a value and what is allowed.
- **Warnings.** \`config check\`, \`train --dry-run\` and \`train\` print a line that begins with \`warning:\` for each setting that is
  almost certainly a mistake, for example Adam with a learning rate above 0.1, early stopping without validation rows, or
  a batch of one row under batch norm.
- **Editors** can complete and check configs. Save the output of \`narrows config schema\` as \`config.schema.json\` and write
  \`# yaml-language-server: $schema=config.schema.json\` as the config's first line.
- **The resolved config** is saved as \`config.yaml\` in the run folder. Training from it repeats the run.
- **The column *resume*** says what \`train --resume RUN --override KEY=VALUE\` does with a key. *free*: the key may change; these
  keys are about the machine, the output and the length of training. *from there*: the key may change from the checkpoint on,
  and the change is reported and recorded. *fork*: another value makes another experiment, so the resume is refused, and
  \`train --fork RUN\` starts a new run from the checkpoint's weights instead.
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
  const names = branches.flatMap((branch) => Object.entries(branch.names ?? {}));
  const maps = branches.flatMap((branch) =>
    Object.entries(branch.properties ?? {}).map(([key, below], index) => {
      const option = deref(below);
      const name = index === 0 ? `\`${showFlow(branch.examples?.[0])}\`` : `- \`${key}\``;
      const fallback = option.default === undefined ? "" : `\`${showFlow(option.default)}\``;
      const about = [...index === 0 && branch.description ? [branch.description] : [], option.description];
      return `| ${name} | ${expectation(option)} | ${fallback} | ${about.join("; ")} |`;
    })
  );
  const title = `${schema.title}s`;
  return [
    `## ${title.charAt(0).toUpperCase()}${title.slice(1)}`,
    "",
    "Bare names, with the settings that they stand for:",
    "",
    "| name | meaning |",
    "|---|---|",
    ...names.map(([name, about]) => `| \`${name}\` | ${about} |`),
    "",
    "Maps, with their further options below them:",
    "",
    "| form | value | default | meaning |",
    "|---|---|---|---|",
    ...maps,
    "",
  ].join("\n");
}

function sentence(text = ""): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

if (import.meta.main) {
  await Deno.writeTextFile(fromFileUrl(new URL("../../docs/config.md", import.meta.url)), configReference());
}
