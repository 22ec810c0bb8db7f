/** Files beside given data that fit it by their number of entries: labels of its rows, names of its columns. */
import { basename, dirname, join } from "@std/path";
import { readColumnNames, readLabels } from "./annotations.ts";
import { naturally } from "./files.ts";
import { foldersNear, type Inspection } from "./inspect.ts";

const KINDS = /\.(txt|tsv|csv|npy)(\.gz)?$/i;
const BYTES_MAX = 64 << 20;
const FILES_MAX = 200;
/**
 * Names that files of labels and names often have. One in the folder above the data needs such a name, since that folder may hold
 * anything, and other things may be as long.
 */
const LABELS = /label|class|target|type|cluster|group|digit|hours|condition/i;
const NAMES = /gene|feature|column|vocab|word|name|pixel|var/i;
const ROWS = /barcode|cell|row|sample|record|obs/i;

/** Names of tables of the rows that could be labels, the likely ones first. */
export function labelTables({ rows, source }: Inspection): string[] {
  const fits = (source?.tables ?? []).filter(([, values]) => {
    const different = new Set(values).size;
    return different >= 2 && different <= Math.max(20, rows / 10) && different < values.length;
  }).map(([name]) => name);
  return fits.sort((a, b) => Number(LABELS.test(b)) - Number(LABELS.test(a)));
}

export interface Beside {
  /** Best first. */
  readonly labels: readonly string[];
  readonly columnNames: readonly string[];
  /** Files with one entry per row, nearly all different: names of the rows, not labels. */
  readonly rowNames: readonly string[];
}

function candidates(inspection: Inspection): string[] {
  const data = new Set(inspection.files);
  const found: string[] = [];
  for (const folder of foldersNear(inspection)) {
    let entries: Deno.DirEntry[];
    try {
      entries = [...Deno.readDirSync(folder)];
    } catch {
      continue; // not readable
    }
    for (const { name, isDirectory } of entries) {
      const path = join(folder, name);
      if (isDirectory || name.startsWith(".") || !KINDS.test(name) || data.has(path)) continue;
      try {
        const info = Deno.statSync(path);
        if (info.isFile && info.size <= BYTES_MAX) found.push(path);
      } catch { /* a link to nowhere */ }
    }
  }
  return found.sort(naturally).slice(0, FILES_MAX);
}

/** The entries of a file; none where it is of another kind. */
async function entriesOf(read: () => Promise<readonly string[] | null>): Promise<readonly string[]> {
  try {
    return await read() ?? [];
  } catch {
    return [];
  }
}

export async function lookBeside(inspection: Inspection): Promise<Beside> {
  const { rows, columns } = inspection, own = dirname(inspection.files[0]!);
  const labels: string[] = [], rowNames: string[] = [], columnNames: string[] = [];
  for (const path of candidates(inspection)) {
    const name = basename(path);
    if (dirname(path) !== own && ![LABELS, NAMES, ROWS].some((telling) => telling.test(name))) continue;
    const values = await entriesOf(() => readLabels(path, rows));
    const fitsRows = values.length === rows && !(rows === columns && NAMES.test(name) && !LABELS.test(name));
    if (fitsRows) {
      const different = new Set(values).size;
      (different >= 2 && different <= Math.max(20, rows / 10) && different < rows ? labels : rowNames).push(path);
    }
    if (path.endsWith(".npy") || inspection.source?.columnNames) continue;
    const names = await entriesOf(() => readColumnNames(path, columns));
    // Names tell columns apart; what mostly repeats is something else that happens to be as long.
    const tell = new Set(names).size > columns / 2;
    if (names.length === columns && tell && !(fitsRows && !NAMES.test(name))) columnNames.push(path);
  }
  const by = (pattern: RegExp) => (a: string, b: string) =>
    Number(pattern.test(basename(b))) - Number(pattern.test(basename(a)));
  return { labels: labels.sort(by(LABELS)), columnNames: columnNames.sort(by(NAMES)), rowNames };
}
