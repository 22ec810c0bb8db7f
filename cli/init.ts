/** `init`: writes a commented config for given data. */
import { countText, percentText, pluralText } from "../core/figures.ts";
import { basename, dirname, isAbsolute, relative, resolve } from "@std/path";
import { ensureEngine } from "../core/build/ensure.ts";
import { loadConfig } from "../core/config/mod.ts";
import { safeName } from "../core/config/name.ts";
import { parseSettings } from "../core/config/reader_settings.ts";
import { configText, suggest, type Suggestion } from "../core/data/suggest.ts";
import { checkAnnotations } from "../core/data/annotations.ts";
import { type Beside, labelTables, lookBeside } from "../core/data/beside.ts";
import { inspectData, type Inspection, type InspectOptions } from "../core/data/inspect.ts";
import { openData } from "../core/data/open.ts";
import type { Source } from "../core/data/source.ts";
import { UserError } from "../core/errors.ts";
import { exists, writeAtomically } from "../core/formats/file.ts";
import { toUser } from "../core/paths.ts";
import { commandText } from "../core/runs/command.ts";
import { defineCommand, SHARED } from "./command.ts";
import { canTurn, orientation } from "./data_view.ts";
import { givenPath } from "./given_path.ts";
import { short, showProgress } from "./progress.ts";
import { READING, withOptions } from "./reading.ts";
import { runCommand } from "./run_command.ts";
import train from "./train.ts";
import { print } from "../core/output.ts";

/** Further labels that are written as comments. */
const OTHER_LABELS = 5;

const figure = (value: number) => Number.isInteger(value) ? countText(value) : short(value);

/** Endings of files of data, which say nothing in a name. */
const ENDING =
  /\.(np[zy]|h5ad|h5|hdf5|mat|loom|biom|parquet|mtx|csv|tsv|txt|svm|svmlight|safetensors|pkl|wav|flac|hea|tiff?)$/i;

/** A name for the data: that of their file or folder, or of the folder above if that name is as general as `data`. */
function nameOf({ path, files }: Inspection): string {
  const plain = (text: string) => basename(text).replace(/\.gz$/, "").replace(ENDING, "");
  const own = /[*?[{]/.test(basename(path)) ? dirname(files[0]!) : path;
  const says = /^(chunks?|data|train|matrix|x|[\W\d]*)$/i.test(plain(own)) ? dirname(resolve(own)) : own;
  return safeName(plain(says)).toLowerCase();
}

/** The path as a config in `folder` names it. */
function from(folder: string, path: string): string {
  const near = relative(folder, resolve(path));
  if (near.startsWith("~")) return `./${near}`; // which would be the home folder
  return near.startsWith("../../../") && !isAbsolute(near) ? resolve(path) : near || ".";
}

interface Upright {
  readonly seen: Inspection;
  readonly settings: Readonly<Record<string, unknown>>;
  /** What was concluded of rows: that they and columns seem to have changed places, or that they were cut; else null. */
  readonly layout: string | null;
}

/** Formats of recordings, whose readers cut them into windows. */
const CUT: readonly string[] = ["wav", "flac", "wfdb", "mat", "hdf5", "numpy", "pickle"];
/** Fewer recordings than FEW are cut into windows of at most LONGEST samples, so short that there are ENOUGH, but not below SHORTEST. */
const FEW = 32, LONGEST = 1024, SHORTEST = 64, ENOUGH = 400;

/** A few long recordings as many windows, which share no samples, so that none is trained on that validates; null for other data. */
async function cut(
  { seen, settings }: Upright,
  data: string,
  options: InspectOptions & Pick<Upright, "settings">,
): Promise<Upright | null> {
  const [, samples = 0, ...others] = seen.source?.shape ?? [];
  const isCut = settings.window !== undefined || seen.source?.concluded?.settings?.window !== undefined;
  if (isCut || others.length > 0 || seen.rows >= FEW || !CUT.includes(seen.format)) return null;
  const window = 2 ** Math.floor(Math.log2(Math.min(LONGEST, seen.rows * samples / ENOUGH)));
  if (window < SHORTEST || 2 * window > samples) return null;
  const windows = { ...seen.source?.concluded?.settings, ...settings, window };
  const [are, them] = seen.rows === 1 ? ["is", "it"] : ["are", "them"];
  const layout = `${pluralText(seen.rows, "recording")} of ${countText(samples)} samples ${are} cut into windows of ` +
    `${countText(window)} (--setting window=${samples} leaves ${them} whole)`;
  const member = options.member ?? seen.source?.concluded?.member;
  const seenCut = await inspectData(data, { ...options, ...member === undefined ? {} : { member }, settings: windows });
  return { seen: seenCut, settings: windows, layout };
}

/** Looks at data. Where names say that lines are genes and columns cells, lines become columns, unless the user said otherwise. */
async function upright(data: string, options: InspectOptions & Pick<Upright, "settings">): Promise<Upright> {
  const { settings } = options;
  const seen = await inspectData(data, options);
  const { text, doubtful, byNames } = orientation(seen);
  if (!byNames || !canTurn(seen) || settings.transpose !== undefined) {
    return { seen, settings, layout: doubtful ? text : null };
  }
  const turned = { ...settings, transpose: true };
  const layout = "lines look like genes and columns like cells, by their names, so columns become rows " +
    "(--setting transpose=false leaves them)";
  return { seen: await inspectData(data, { ...options, settings: turned }), settings: turned, layout };
}

function lines(
  seen: Inspection,
  beside: Beside,
  suggestion: Suggestion,
  { partRows, columnNames, files }: Source,
): string[] {
  const { sample, source } = seen;
  const { notes = [] } = source ?? {};
  const tables = labelTables(seen);
  const { hidden, latent } = suggestion;
  const list = (paths: readonly string[], none: string) =>
    paths.length > 0 ? paths.map((path) => toUser(path)).join(", ") : none;
  const transforms = suggestion.transforms.length > 0 ? suggestion.transforms.join(", ") : "no transform";
  return [
    `data       ${pluralText(files.length, source ? "chunk" : "file")}, ${pluralText(seen.rows, "row")} x ${
      pluralText(seen.columns, "column")
    }, ${seen.format}, ` +
    `${seen.dataType}`,
    `values     ${suggestion.kind}, from ${figure(sample.least)} to ${figure(sample.greatest)} where not zero; ` +
    `${percentText(sample.zeros)} zeros (in ${pluralText(sample.rows, "row")})`,
    `           -> ${transforms}: ${suggestion.why}`,
    `labels     ${
      tables.length > 0
        ? tables.slice(0, 8).join(", ")
        : list(beside.labels, "no file beside the data has one entry per row with few different values")
    }`,
    ...notes.map((text) => `note       ${text}`),
    ...beside.rowNames.length > 0
      ? [`row names  ${list(beside.rowNames, "")} (not used, since nearly all are different)`]
      : [],
    `columns    ${
      columnNames
        ? `named: ${columnNames.slice(0, 3).join(", ")}, ...`
        : list(beside.columnNames, "no file beside the data has one name per column")
    }`,
    `split      train ${countText(partRows.train)}, validation ${countText(partRows.validation)}, test ${
      countText(partRows.test)
    }`,
    `model      ${[seen.columns, hidden, latent, hidden, seen.columns].map(countText).join(" -> ")}`,
    `training   batches of ${countText(suggestion.batchSize)}, ${
      pluralText(suggestion.stepsPerEpoch, "step")
    } per epoch`,
  ];
}

const init = defineCommand({
  name: "init",
  positional: ["data"],
  leavesFiles: true,
  options: {
    data: { type: "path", value: "DATA", required: true, help: "a file, a folder or a glob of data" },
    output: {
      type: "path",
      kind: "output",
      value: "F.yaml",
      help: "the config that is written (default: named after the data, in this folder)",
    },
    overwrite: { type: "flag", help: "replace the config if it exists" },
    ...READING,
    train: { type: "flag", help: "train with the config at once, and write a report" },
    override: { ...SHARED.override, help: "with --train: set a key of the config for this run; repeatable" },
    json: SHARED.json,
  },
  async run({ data, output, overwrite, format, member, setting, train: isTrained, override, json }) {
    if (override.length > 0 && !isTrained) {
      throw new UserError("--override", "goes with --train", "edit the config instead");
    }
    await ensureEngine({ quiet: json });
    const asked = { format, member, settings: parseSettings(setting) };
    const { seen, settings, layout } = await withOptions(async () => {
      const whole = await upright(data, asked);
      return await cut(whole, data, asked) ?? whole;
    });
    const beside = await lookBeside(seen);
    const tables = labelTables(seen);
    const suggestion = suggest(nameOf(seen), seen);
    const config = output ?? givenPath(`${suggestion.name}.yaml`);
    const folder = dirname(resolve(config));
    if (!overwrite && await exists(config)) {
      throw new UserError(config, "already exists", "name another file with --output, or add --overwrite");
    }
    const labels = [...tables, ...beside.labels.map((path) => from(folder, path))];
    const text = configText(suggestion, seen, {
      data: from(folder, seen.path),
      labels: labels[0] ?? null,
      columnNames: beside.columnNames[0] ? from(folder, beside.columnNames[0]) : null,
      otherLabels: labels.slice(1, 1 + OTHER_LABELS),
      member: member ?? seen.source?.concluded?.member ?? null,
      settings: seen.source?.concluded?.settings ?? settings,
    });
    const checked = loadConfig({ text, cwd: folder }).config;
    using progress = showProgress(json ? "quiet" : Deno.stderr.isTerminal() ? "live" : "lines");
    const source = await openData(checked, null, { note: progress.note, progress: progress.observer.preparing });
    progress[Symbol.dispose]();
    await checkAnnotations(checked.data, source);
    await writeAtomically(config, (file) => file.write(new TextEncoder().encode(text)));
    if (json) {
      const { path, files, source: view, ...rest } = seen;
      print(
        JSON.stringify({
          output: config,
          path,
          files: files.length,
          ...rest,
          tables,
          notes: view?.notes ?? [],
          layout,
          beside,
          suggestion,
        }),
      );
      return isTrained
        ? await runCommand(train, [config, "--json", ...override.flatMap((text) => ["--override", text])])
        : 0;
    }
    for (const line of lines(seen, beside, suggestion, source)) print(line);
    if (layout !== null) print(`layout     ${layout}`);
    print(`wrote      ${toUser(config)}`);
    if (!isTrained) {
      print(`next       ${commandText("train", toUser(config), "--dry-run")}`);
      return 0;
    }
    return await runCommand(train, [config, ...override.flatMap((text) => ["--override", text])]);
  },
});

export default init;

if (import.meta.main) Deno.exit(await runCommand(init, Deno.args));
