/** `data`: imports data of other formats, and shows what is in a file. */
import { resolve } from "@std/path";
import { ensureEngine } from "../core/build/ensure.ts";
import { importData } from "../core/data/import.ts";
import { inspectData, type Inspection } from "../core/data/inspect.ts";
import { parseSettings, parseSteps } from "../core/config/reader_settings.ts";
import { sizeText } from "../core/data/cache.ts";
import { OpenChoice } from "../core/data/readers/reader.ts";
import { countText } from "../core/figures.ts";
import { print } from "../core/output.ts";
import { toUser } from "../core/paths.ts";
import { dataView } from "./data_view.ts";
import { defineCommand, defineGroup, SHARED } from "./command.ts";
import { arrayLines, inspectionLines } from "./inspection_text.ts";
import { showProgress } from "./progress.ts";
import { READING, withOptions } from "./reading.ts";
import { runCommand } from "./run_command.ts";

const importing = defineCommand({
  name: "data import",
  does: "prepare data of another format into a folder that is a data.path",
  leavesFiles: true,
  positional: ["source"],
  options: {
    source: { type: "path", value: "SOURCE", required: true, help: "a file, a folder or a glob of data" },
    output: { type: "path", kind: "output", value: "FOLDER", required: true, help: "the folder that is made" },
    ...READING,
    step: {
      type: "text",
      value: "NAME[=VALUE]",
      many: true,
      help: "a step of data.steps, done in the given order; repeatable",
    },
    overwrite: { type: "flag", help: "replace the folder if it is an earlier data set" },
    json: SHARED.json,
    quiet: SHARED.quiet,
  },
  async run({ source, output, format, member, setting, step, overwrite, json, quiet }) {
    if (step.length > 0) await ensureEngine({ quiet: json || quiet });
    using progress = showProgress(json || quiet ? "quiet" : Deno.stderr.isTerminal() ? "live" : "lines");
    const data = await withOptions(() =>
      importData(resolve(source), resolve(output), {
        format,
        member,
        settings: parseSettings(setting),
        steps: parseSteps(step),
        overwrite,
        note: progress.note,
        progress: progress.observer.preparing,
      })
    );
    progress[Symbol.dispose]();
    const rows = data.sources.reduce((sum, { rows }) => sum + rows, 0);
    if (json) print(JSON.stringify({ output, rows, ...data }));
    else if (!quiet) {
      print(`${toUser(output)}: ${countText(rows)} rows x ${countText(data.columns)} columns, ${sizeText(data)}`);
    }
    return 0;
  },
});

/** Charts are loaded where they are drawn. */
async function drawInto(html: string, seen: Inspection): Promise<string> {
  const { writeDataPage } = await import("../reports/mod.ts");
  return await writeDataPage(dataView(seen), resolve(html));
}

const inspect = defineCommand({
  name: "data inspect",
  does: "show what is in data: arrays, sizes, values, names, labels",
  positional: ["source"],
  options: {
    source: { type: "path", value: "SOURCE", required: true, help: "a file, a folder or a glob of data" },
    ...READING,
    html: {
      type: "path",
      kind: "output",
      value: "OUT.html",
      help: "also draw it into a page, one file without scripts",
    },
    json: SHARED.json,
  },
  async run({ source, format, member, setting, html, json }) {
    await ensureEngine({ quiet: json });
    const portrait = html !== undefined;
    const look = () =>
      inspectData(source, { format, member, settings: parseSettings(setting), portrait }).catch((error) => {
        // What there is to choose from.
        if (error instanceof OpenChoice && !json) { for (const line of arrayLines(error.members)) print(line); }
        throw error;
      });
    const { portrait: drawn, ...seen } = await withOptions(look);
    const page = html === undefined ? null : await drawInto(html, { ...seen, portrait: drawn });
    if (!json) {
      for (const line of inspectionLines(seen)) print(line);
      if (page) print(`page       ${toUser(page)}`);
    } else {
      const { source: view, ...rest } = seen;
      const { rowNames, columnNames, tables, ...others } = view ?? {};
      const named = tables?.map(([name, values]) => ({ name, different: new Set(values).size }));
      const names = view &&
        { row_names: rowNames?.slice(0, 5) ?? null, column_names: columnNames?.slice(0, 5) ?? null };
      print(
        JSON.stringify({ ...rest, ...page ? { page } : {}, ...others, ...names, ...named ? { tables: named } : {} }),
      );
    }
    return 0;
  },
});

const data = defineGroup("data", [importing, inspect]);

export default data;

if (import.meta.main) Deno.exit(await runCommand(data, Deno.args));
