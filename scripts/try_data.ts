/**
 * Trains on everything in a folder as it is, from a path to a report by one command each, and prints a table of what became of it:
 *
 *     deno run -A scripts/try_data.ts FOLDER [EPOCHS]
 *
 * A folder that is one data set is taken as a whole, another one is looked into. The command is `init PATH --train`; where a file holds
 * several arrays, it is given the member that the refusal proposes. What is refused is listed with its message.
 */
import { basename, fromFileUrl, join, relative } from "@std/path";

const [folder, epochs = "3"] = Deno.args;
if (folder === undefined) throw new Error("name a folder");
const CLI = fromFileUrl(new URL("../cli/main.ts", import.meta.url));
/** Texts that say something about the data beside them. */
const NOTES = /^(provenance|readme|license|licence)(\.(txt|md))?$|\.(tsv|txt)(\.gz)?$/i;

const scratch = await Deno.makeTempDir({ prefix: "narrows-try-" });

async function narrows(...args: string[]) {
  const begun = performance.now();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", CLI, ...args],
    cwd: scratch,
    env: { NO_COLOR: "1", XDG_CACHE_HOME: join(scratch, "cache") },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr), seconds: (performance.now() - begun) / 1000 };
}

/** The paths that are one data set each; what is in none of them is listed alone. */
async function dataSets(path: string): Promise<string[]> {
  if (path !== folder && (await narrows("data", "inspect", path)).code === 0) return [path];
  const entries = [...Deno.readDirSync(path)].filter(({ name }) => !name.startsWith(".") && !NOTES.test(name))
    .sort((a, b) => a.name < b.name ? -1 : 1);
  const found: string[] = [];
  for (const { name, isDirectory } of entries) {
    found.push(...isDirectory ? await dataSets(join(path, name)) : [join(path, name)]);
  }
  return found;
}

interface Tried {
  readonly path: string;
  readonly columns: readonly string[];
}

/** The first line of a message, without the path in front. */
const messageOf = (stderr: string) =>
  /^narrows: (.*)$/m.exec(stderr.split("\n").filter((line) => !line.includes(": prepar")).join("\n"))?.[1] ?? "failed";

async function tried(path: string): Promise<Tried> {
  const shown = relative(folder!, path);
  const config = join(scratch, `${crypto.randomUUID()}.yaml`);
  const args = (...more: string[]) => [
    ...[
      "init",
      path,
      "--output",
      config,
      "--train",
      "--override",
      `training.epochs=${epochs}`,
      "--override",
      "paths.runs=runs",
    ],
    ...more,
  ];
  let done = await narrows(...args());
  let with_ = "";
  const alike =
    (/or "([^"]+)" for all that are alike/.exec(done.stderr) ?? /data: \{member: ([^}]+)\}/.exec(done.stderr))
      ?.[1];
  if (done.code !== 0 && alike !== undefined) {
    with_ = ` --member '${alike}'`;
    done = await narrows(...args("--member", alike));
  }
  if (done.code !== 0) return { path: shown, columns: ["", "", "", "", messageOf(done.stderr).replace(folder!, "")] };
  const [, rows = "", columns = "", format = ""] = / ([\d,]+) rows x ([\d,]+) columns, (\w+)/.exec(done.stdout) ?? [];
  const prepared = /prepared in ([\d.]+) s/.exec(done.stderr)?.[1];
  const held = /^(?:test|validation) +.*R2 (\S+)/m.exec(done.stdout)?.[1] ??
    /^train +.*R2 (\S+)/m.exec(done.stdout)?.[1] ?? "";
  const report = /^report +(.*)$/m.exec(done.stdout)?.[1];
  const isThere = report !== undefined &&
    (await Deno.stat(join(scratch, report)).catch(() => Deno.stat(report))).isFile;
  return {
    path: shown,
    columns: [
      format,
      `${rows} x ${columns}`,
      prepared === undefined ? "" : `${prepared} s`,
      `${done.seconds.toFixed(1)} s`,
      `${isThere ? `report, R2 ${held}` : "no report"}${with_ && `, with${with_}`}`,
    ],
  };
}

try {
  const paths = await dataSets(folder);
  console.log(`| data | format | rows x columns | preparing | whole command | result |\n|---|---|---|---|---|---|`);
  for (const path of paths) {
    const { path: shown, columns } = await tried(path);
    console.log(`| \`${shown || basename(path)}\` | ${columns.join(" | ")} |`);
  }
} finally {
  await Deno.remove(scratch, { recursive: true });
}
