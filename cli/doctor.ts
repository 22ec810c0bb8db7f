/** `doctor`: shows what is installed, what is missing and how to install it. */
import { bytesText } from "../core/figures.ts";
import { loadConfig } from "../core/config/mod.ts";
import { diagnose, type Diagnosis, type ToolState } from "../core/build/diagnose.ts";
import { defineCommand, SHARED } from "./command.ts";
import { runCommand } from "./run_command.ts";
import { print } from "../core/output.ts";

const STATES = {
  ready: "up to date",
  stale: "older than its sources; train and build compile it again",
  missing: "not built yet; train and build compile it",
  broken: "cannot be opened",
};

const SPECIAL = {
  ready: "up to date",
  stale: "made from other sources or by another compiler; not used until build --config builds it again",
  missing: "its build was not finished",
};

const bytesOf = (bytes: string | undefined) => bytes ? bytesText(Number(bytes)) : "unknown";

function toolText({ found, version, hint, use }: ToolState): string {
  const needed = use === "build" ? "" : ", but only deno task ok needs it";
  if (!found) return `missing${needed}. ${hint}`;
  return version ? `${found}, ${version}` : found;
}

/** The diagnosis as lines of `label  text`. */
export function doctorLines(
  { narrows, abi, deno, system, engine, specialised, choice, tools, ready, problems }: Diagnosis,
): string[] {
  const { info } = engine;
  const rows: [string, string][] = [
    ["narrows", `${narrows}, engine ABI ${abi}`],
    ["deno", deno],
    ["system", system],
    ["engine", `${engine.path}, ${STATES[engine.state]}`],
  ];
  if (engine.built) rows.push(["", `built ${engine.built.slice(0, 19).replace("T", " ")} UTC`]);
  if (info.version) {
    rows.push(
      ["", `version ${info.version}, ${info.compiler}, ${info.build_type}`],
      ["kernels", `${info.isa_reason}; available: ${info.isa_available?.replaceAll(",", ", ")}`],
      ["inflate", info.inflate ?? "unknown"],
      ["threads", info.threads ?? "unknown"],
      ["memory", `${bytesOf(info.memory_available)} free of ${bytesOf(info.memory_total)}`],
    );
  }
  for (const { file, shapes, state } of specialised) {
    rows.push(["specialised", `${file}, ${shapes}, ${SPECIAL[state]}`]);
  }
  if (choice) rows.push(["config", choice]);
  rows.push(...tools.map((state): [string, string] => [state.what, toolText(state)]));
  const width = Math.max(...rows.map(([label]) => label.length)) + 2;
  const verdict = ready ? ["training can run"] : problems.map((problem) => `training cannot run: ${problem}`);
  return [...rows.map(([label, text]) => label.padEnd(width) + text), "", ...verdict];
}

const doctor = defineCommand({
  name: "doctor",
  positional: ["config"],
  options: {
    config: { ...SHARED.config, help: "also say which engine this config uses, and why" },
    json: SHARED.json,
  },
  notes: ["The exit status is 0 if training can run, and 1 if not."],
  run({ config, json }) {
    const diagnosis = diagnose(config === undefined ? null : loadConfig({ file: config }).config);
    print(json ? JSON.stringify(diagnosis) : doctorLines(diagnosis).join("\n"));
    return diagnosis.ready ? 0 : 1;
  },
});

export default doctor;

if (import.meta.main) Deno.exit(await runCommand(doctor, Deno.args));
