/** Reads rounds.csv of a sweep with `prune`: which points were compared in which round, by what, and which went on. */
import { parseCsvLine, parseCsvNumber } from "../formats/csv.ts";
import { isFile, readTextSync } from "../formats/file.ts";

const BYTES_MAX = 256 << 20;

/** A point in a round. */
export interface ComparedPoint {
  readonly point: number;
  /** The mean validation loss over its seeds; null where one of its runs failed. */
  readonly mean: number | null;
  /** The seeds of which it has a loss. */
  readonly seeds: number;
  /** The epoch at which its runs were compared; null: at their end. */
  readonly epoch: number | null;
  readonly kept: boolean;
}

export interface SweepRound {
  /** From 1. */
  readonly number: number;
  readonly compared: readonly ComparedPoint[];
}

/** The rounds that have ended, in order; none where there is no such file. Lines that are not read are named. */
export function readRounds(path: string, problems: string[]): SweepRound[] {
  if (!isFile(path)) return [];
  const [header = "", ...lines] = readTextSync(path, BYTES_MAX).split("\n");
  const names = parseCsvLine(header), at = (name: string) => names.indexOf(name);
  const columns = { round: at("round"), point: at("point"), epoch: at("epoch"), mean: at("mean"), kept: at("kept") };
  if (Object.values(columns).includes(-1)) {
    problems.push(`${path}:1: is not the head of a table of rounds`);
    return [];
  }
  const losses = names.flatMap((name, i) => name.startsWith("loss seed ") ? [i] : []);
  const rounds = new Map<number, ComparedPoint[]>();
  for (const [i, line] of lines.entries()) {
    if (line === "") continue;
    const fields = parseCsvLine(line), number = (column: number) => parseCsvNumber(fields[column] ?? "");
    const [round, point, epoch, mean] = [columns.round, columns.point, columns.epoch, columns.mean].map(number);
    const isAtEnd = fields[columns.epoch] === "end";
    if (!(isCount(round!) && isCount(point!) && (isAtEnd || isCount(epoch!)))) {
      problems.push(`${path}:${i + 2}: is not a line about a point in a round`);
      continue;
    }
    const compared = {
      point: point!,
      mean: Number.isFinite(mean) ? mean! : null,
      seeds: losses.filter((column) => Number.isFinite(number(column))).length,
      epoch: isAtEnd ? null : epoch!,
      kept: fields[columns.kept] === "yes",
    };
    rounds.set(round!, [...rounds.get(round!) ?? [], compared]);
  }
  return [...rounds].sort(([a], [b]) => a - b).map(([number, compared]) => ({ number, compared }));
}

const isCount = (value: number) => Number.isSafeInteger(value) && value >= 1;
