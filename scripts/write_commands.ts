/**
 * Writes what follows from the table of commands: the tasks in deno.json and deno.jsr.json, and the table in README.md.
 * A test compares them.
 */
import { join } from "@std/path";
import { COMMANDS } from "../cli/commands.ts";
import { ROOT } from "../core/build/tree.ts";

interface Task {
  readonly description: string;
  readonly command: string;
}
type DenoJson = Record<string, unknown> & { readonly tasks: Readonly<Record<string, Task>> };

const capital = (text: string) => text[0]!.toUpperCase() + text.slice(1);

/** A config of Deno with the commands' tasks first; other tasks stay as they are. */
export function withTasks(json: DenoJson): DenoJson {
  const ours = Object.entries(COMMANDS).map(([name, { does }]): [string, Task] => [
    name,
    { description: capital(does), command: `deno run -A cli/${name}.ts` },
  ]);
  const others = Object.entries(json.tasks).filter(([, { command }]) => !/^deno run -A cli\/\w+\.ts$/.test(command));
  return { ...json, tasks: Object.fromEntries([...ours, ...others]) };
}

/** deno.jsr.json of deno.json: everything but `links`. */
export function withoutLinks({ links: _, ...rest }: DenoJson): DenoJson {
  return rest as DenoJson;
}

const HEAD = "| command | does |\n|---|---|\n";

/** README's text with the table of commands written anew. */
export function withTable(readme: string): string {
  const start = readme.indexOf(HEAD);
  if (start < 0) throw new Error("README.md has no table of commands");
  const end = readme.indexOf("\n\n", start) + 1;
  const rows = Object.entries(COMMANDS).map(([name, { does }]) => `| \`deno task ${name}\` | ${does} |\n`);
  return readme.slice(0, start) + HEAD + rows.join("") + readme.slice(end);
}

if (import.meta.main) {
  const path = (name: string) => join(ROOT, name);
  const json = withTasks(JSON.parse(Deno.readTextFileSync(path("deno.json"))));
  const text = (value: unknown) => JSON.stringify(value, null, 2) + "\n";
  Deno.writeTextFileSync(path("deno.json"), text(json));
  Deno.writeTextFileSync(path("deno.jsr.json"), text(withoutLinks(json)));
  Deno.writeTextFileSync(path("README.md"), withTable(Deno.readTextFileSync(path("README.md"))));
  new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", "deno.json", "deno.jsr.json"], cwd: ROOT }).outputSync();
}
