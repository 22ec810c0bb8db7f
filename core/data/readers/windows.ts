/** Records of signals as rows: each whole, or cut into windows. */
import { UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import type { Block, OpenSource } from "./reader.ts";
import { checkRow, classTable, rowsOfBlock } from "./records.ts";
import type { Settings } from "./settings.ts";

export interface SignalRecord {
  readonly name: string;
  /** Of each channel. */
  readonly samples: number;
}

export interface Signals {
  readonly records: readonly SignalRecord[];
  readonly channels: number;
  /** Samples [from, from + count) of a record, of shape [channels, count]. Calls do not overlap. */
  read(record: number, from: number, count: number): Promise<Float32Array>;
}

/** How records are cut: `length` samples, each window `hop` samples behind the last one, up to sample `until` of a record. */
export interface Windows {
  readonly length: number;
  readonly hop: number;
  readonly until?: number;
}

/** The settings `window`, `hop` and `until`, in samples; undefined where records stay whole. */
export function windowsOf(settings: Settings): Windows | undefined {
  const length = settings.whole("window", 1);
  const hop = settings.whole("hop", 1), until = settings.whole("until", 1);
  for (const [name, value] of Object.entries({ hop, until })) {
    if (length !== undefined || value === undefined) continue;
    throw settings.refuse(name, `${value} needs a window`, "set data.reader.window: SAMPLES");
  }
  return length === undefined ? undefined : { length, hop: hop ?? length, ...until === undefined ? {} : { until } };
}

/** What windows make of records: how many rows each gives, and the length of a row. */
interface Plan {
  readonly length: number;
  readonly hop: number;
  readonly rowsOf: readonly number[];
  readonly notes: readonly string[];
}

/**
 * A source of signals. The rows of a record are named `NAME@START`, where START is the first sample of the window, from 0;
 * the table `file` says of which record a row is.
 * @param where the path, for messages
 */
export function signalSource(
  where: string,
  signals: Signals,
  windows: Windows | undefined,
): Pick<OpenSource, "rows" | "columns" | "shape" | "rowNames" | "rowTables" | "notes" | "read"> {
  const { channels } = signals, until = windows?.until ?? Infinity;
  const records = signals.records.map(({ name, samples }) => ({ name, samples: Math.min(samples, until) }));
  const plan = windows ? cut(where, records, windows) : whole(where, records);
  const columns = channels * plan.length;
  checkRow(where, columns);
  const rowNames = windows === undefined
    ? records.map(({ name }) => name)
    : records.flatMap(({ name }, record) =>
      Array.from({ length: plan.rowsOf[record]! }, (_, i) => `${name}@${i * plan.hop}`)
    );
  const perRow = <T>(values: readonly T[]) =>
    values.flatMap((value, record) => Array<T>(plan.rowsOf[record]!).fill(value));
  const classes = [...classTable(records.map(({ name }) => name))].map(([name, values]) =>
    [name, perRow(values)] as const
  );
  const files = windows && records.length > 1 ? [["file", perRow(records.map(({ name }) => name))] as const] : [];
  return {
    rows: rowNames.length,
    columns,
    shape: [channels, plan.length],
    rowNames,
    rowTables: new Map([...classes, ...files]),
    notes: plan.notes,
    read: (blockRows) => blocks(signals, plan, blockRows),
  };
}

function whole(where: string, records: readonly SignalRecord[]): Plan {
  const { name, samples } = records[0]!;
  const other = records.find((record) => record.samples !== samples);
  if (other !== undefined) {
    const what = `${other.name} has ${countText(other.samples)} samples, ${name} has ${countText(samples)}`;
    throw new UserError(where, what, "set data.reader.window: SAMPLES, so that they are cut into rows of one length");
  }
  if (samples === 0) throw new UserError(where, `${name} has no samples`);
  return { length: samples, hop: samples, rowsOf: records.map(() => 1), notes: [] };
}

const many = (count: number, what: string) => `${countText(count)} ${what}${count === 1 ? "" : "s"}`;

function cut(where: string, records: readonly SignalRecord[], { length, hop }: Windows): Plan {
  const rowsOf = records.map(({ samples }) => samples < length ? 0 : 1 + Math.floor((samples - length) / hop));
  const rows = rowsOf.reduce((sum, count) => sum + count, 0);
  if (rows === 0) {
    const longest = records.reduce((most, { samples }) => Math.max(most, samples), 0);
    throw new UserError(
      "data.reader.window",
      `${countText(length)} samples are more than the ${countText(longest)} of the longest record in ${where}`,
    );
  }
  const notes = [
    `Records were cut into ${many(rows, "window")} of ${many(length, "sample")}, ${many(hop, "sample")} apart.`,
  ];
  const left = records.map(({ samples }, i) => samples - (rowsOf[i] === 0 ? 0 : (rowsOf[i]! - 1) * hop + length));
  const dropped = left.reduce((sum, count) => sum + count, 0);
  const ends = left.filter((count) => count > 0).length;
  if (dropped > 0) {
    const which = ends === 1 ? "1 record is" : `${countText(ends)} records are`;
    notes.push(`The end of ${which} in no window: ${many(dropped, "sample")} in all.`);
  }
  const short = rowsOf.filter((count) => count === 0).length;
  if (short > 0) {
    notes.push(`${short === 1 ? "1 record is" : `${countText(short)} records are`} shorter than a window.`);
  }
  return { length, hop, rowsOf, notes };
}

async function* blocks({ channels, read }: Signals, plan: Plan, blockRows: number): AsyncGenerator<Block> {
  const { length, hop, rowsOf } = plan;
  const columns = channels * length;
  const most = rowsOfBlock(blockRows, columns);
  let left = rowsOf.reduce((sum, count) => sum + count, 0);
  let values = new Float32Array(Math.min(most, left) * columns), rows = 0;
  for (const [record, count] of rowsOf.entries()) {
    for (let window = 0; window < count;) {
      // Windows that lie side by side are read at once, as long as the gaps between them are no waste.
      const room = values.length / columns - rows;
      const taken = hop <= 2 * length ? Math.min(room, count - window) : 1;
      const span = (taken - 1) * hop + length;
      const samples = await read(record, window * hop, span);
      for (let i = 0; i < taken; i++, rows++) {
        for (let channel = 0; channel < channels; channel++) {
          const from = channel * span + i * hop;
          values.set(samples.subarray(from, from + length), rows * columns + channel * length);
        }
      }
      window += taken;
      if (rows * columns < values.length) continue;
      yield { rows, values };
      left -= rows;
      [values, rows] = [new Float32Array(Math.min(most, left) * columns), 0];
    }
  }
}
