/** A workload and its results, which are plain data in bench/results, from which docs/performance.md is made. */
import type { Limits } from "./limits.ts";
import type { Peer } from "./peer.ts";

/** quick: a rough estimate in minutes; full: the figures of docs/performance.md; thorough: long protocols, for hours. */
export type Mode = "quick" | "full" | "thorough";

export interface Context {
  readonly mode: Mode;
  readonly threads: number;
  /** Folder with news20/ and pbmc3k/, as data/README of the repository describes; what is not there is skipped. */
  readonly data: string;
  /** Scratch folder on a real file system; removed at the end. */
  readonly scratch: string;
  readonly limits: Limits;
  /** Whether a peer was asked for. */
  readonly hasPeer: boolean;
  /** A fresh peer process, or null where none was asked for. The caller closes it. */
  peer(): Promise<Peer | null>;
  /**
   * Folder for scores that do not depend on the machine's speed, so that a measurement of hours goes on where it was interrupted; of
   * this commit only. Null where the checkout has changes that are not committed.
   */
  readonly scores: string | null;
  /** Keeps what there is so far, of a measurement that takes long. What measure() returns is kept at its end. */
  keep(outcome: Outcome): Promise<void>;
  log(line: string): void;
}

/** Median, extremes and number of some measurements, in the row's unit. */
export interface Timing {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

export type Unit = "ms" | "µs" | "s" | "rows/s" | "MB/s" | "MB" | "%" | "x" | "R2";

export interface Row {
  readonly what: string;
  readonly unit: Unit;
  readonly narrows: Timing | null;
  /** The peer in the same run, by turns. */
  readonly peer: Timing | null;
  /** How many times better than the peer: above 1 narrows is ahead. */
  readonly ratio: number | null;
  /** What the machine's measured limits allow at best, in the row's unit. */
  readonly floor: number | null;
  readonly note?: string;
}

/** A row of the table of goals. */
export interface Goal {
  readonly work: string;
  readonly wanted: string;
  /** null: not measured in this run. */
  readonly got: string | null;
  readonly reached: boolean | null;
}

export interface Curve {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Plot {
  readonly file: string;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly log: boolean;
  readonly curves: readonly Curve[];
}

export interface Outcome {
  readonly rows: readonly Row[];
  readonly goals: readonly Goal[];
  readonly plots: readonly Plot[];
  /** Sentences below the table: how it was measured, and what was left out and why. */
  readonly notes: readonly string[];
  /** Headings of the rows' two sides where they are not narrows and PyTorch. */
  readonly sides?: readonly [string, string];
}

export interface Workload {
  readonly name: string;
  readonly title: string;
  /** Why it cannot run here, or null. */
  skip(context: Context): string | null;
  /** Compares what is about to be timed with plain arithmetic. @throws {CheckFailed} */
  check(context: Context): Promise<void>;
  measure(context: Context): Promise<Outcome>;
}

/** The result of a workload is wrong, so it is not timed. */
export class CheckFailed extends Error {}
