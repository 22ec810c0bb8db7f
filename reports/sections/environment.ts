/** Config, environment, and how to run it again. */
import { taskText } from "../../core/runs/command.ts";
import type { RunData } from "../../core/runs/types.ts";
import { codeBlock, flatten, valueText, yaml } from "../config_view.ts";
import { bytes, date } from "../format.ts";
import { breakable, commandLine, type Content, type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { departure, sessionsTable } from "./sessions.ts";

/** What `auto` stands for in the config. */
function chosenTable({ environment }: RunData, numbering: Numbering): Html | string {
  const chosen = environment?.chosen;
  if (typeof chosen !== "object" || chosen === null || Array.isArray(chosen)) return "";
  const rows = Object.entries(chosen).flatMap(([key, each]) => {
    const { value, reason } = (each ?? {}) as Record<string, unknown>;
    return typeof value === "string" && typeof reason === "string" ? [[breakable(key), value, reason]] : [];
  });
  if (rows.length === 0) return "";
  return numbering.table(
    { head: ["Key", "Chosen", "Reason"], rows },
    markup`What <code>auto</code> stands for in this config, with these data.`,
  );
}

export function configSection(run: RunData, numbering: Numbering): Html {
  if (run.configText.trim() === "") return missing("The run folder has no config.yaml.");
  const lines = run.configText.trimEnd().split("\n").length;
  const other = departure(run);
  const repeats = other === null ? "repeats the run" : `does not repeat the run, since ${other}`;
  return markup`<p>This is the resolved config, with the defaults filled in. Training from it alone ${repeats}.</p>
${chosenTable(run, numbering)}
<details><summary>config.yaml (${lines} lines)</summary>
${codeBlock(yaml(run.configText.trimEnd()))}</details>`;
}

/**
 * Keys that the table leaves out because another key says the same, or because they are of no use once the run has ended.
 * They stay in environment.json.
 */
const LEFT_OUT = new Set([
  "pid",
  "isa",
  "isa_reason",
  "engine.memory_total",
  "engine.memory_available",
  "engine.threads",
]);

/** The names of keys that are not shown as the key itself with spaces for its underscores. */
const NAMES: Readonly<Record<string, string>> = {
  memory_bytes: "memory",
  os: "operating system",
  os_release: "kernel",
  arch: "architecture",
  "engine.isa": "instruction set",
  "engine.isa_reason": "reason for this instruction set",
  "engine.isa_available": "available instruction sets",
};

function environmentValue(key: string, value: unknown): Content {
  if (typeof value === "number" && key.endsWith("_bytes")) return bytes(value);
  if (key === "started_at" && typeof value === "string") return date(value);
  if (key === "engine.isa_available" && typeof value === "string") return value.split(",").join(", ");
  if (key.includes("command")) {
    return markup`<code>${commandLine(Array.isArray(value) ? value.join(" ") : valueText(value))}</code>`;
  }
  return breakable(typeof value === "number" ? String(value) : valueText(value));
}

export function environmentSection(run: RunData, numbering: Numbering): Html {
  return markup`${sessionsTable(run, numbering)}<div class="wide-narrow">${environmentTable(run, numbering)}<div>${
    again(run)
  }</div></div>`;
}

function environmentTable(run: RunData, numbering: Numbering): Html {
  if (!run.environment) return missing("The run folder has no environment.json.");
  const rows = [...flatten(run.environment)].filter(([key]) => !LEFT_OUT.has(key) && !key.startsWith("chosen.")).map((
    [key, value],
  ) => [
    breakable(NAMES[key] ?? key.replaceAll("_", " ").replaceAll(".", " · ")),
    environmentValue(key, value),
  ]);
  if (rows.length === 0) return missing("environment.json is empty.");
  return numbering.table(
    { rows, pairs: true },
    markup`The machine, the software and the command of the newest session.`,
  );
}

function again(run: RunData): Html {
  const root = run.environment?.working_folder;
  const below = typeof root === "string" && run.path.startsWith(`${root}/`);
  const folder = below ? run.path.slice(root.length + 1) : run.path;
  const unfinished = run.summary?.status !== "finished";
  const other = departure(run);
  return markup`<h3>${other === null ? "Run it again" : "Train from its config"}</h3>
<p>${
    other === null
      ? ""
      : "The result will differ from this run’s, since the config alone does not describe how it was made. "
  }Train from the same config${below ? ", in the folder in which this run was started" : ""}:</p>
${codeBlock(commandLine(taskText("train", "--config", `${folder}/config.yaml`)), true)}${
    unfinished
      ? markup`<p>Resume this run from its last checkpoint:</p>\n${
        codeBlock(commandLine(taskText("train", "--resume", folder)), true)
      }`
      : ""
  }<p>The same config and data give the same weights, bit for bit, if the build of the engine and the instruction set are the
same. The number of threads and workers makes no difference.</p>`;
}
