/**
 * Files of SVMlight and LIBSVM: a line is a row, `label index:value index:value ... # comment`. Indices begin at 1, or at 0 where one
 * of them is 0. The labels become the table of rows `label`.
 */
import { basename } from "@std/path";
import { UserError } from "../../errors.ts";
import { isGzip, linesOf } from "./bytes.ts";
import type { Block, OpenSource, Reader, ReaderOptions } from "./reader.ts";
import { refuseMember, Settings } from "./settings.ts";
import { requirePlausible, RowAssembler } from "./rows.ts";

const MAX_INDEX = 2 ** 31 - 2;

interface Line {
  readonly label: string;
  readonly entries: readonly (readonly [index: number, value: number])[];
}

function parse(path: string, line: string, number: number): Line | null {
  const text = line.split("#", 1)[0]!.trim();
  if (text === "") return null;
  const [label = "", ...fields] = text.split(/\s+/);
  const bad = (what: string) =>
    new UserError(path, `line ${number}: ${what}`, "a line is: label index:value index:value ...");
  const entries: [number, number][] = [];
  for (const field of fields) {
    const at = field.indexOf(":");
    const name = field.slice(0, at);
    if (name === "qid") continue;
    const index = Number(name), value = Number(field.slice(at + 1));
    if (at < 1 || !Number.isInteger(index) || index < 0 || index > MAX_INDEX) {
      throw bad(`${field.slice(0, 40)} has no index`);
    }
    if (field.length === at + 1 || Number.isNaN(value)) throw bad(`${field.slice(0, 40)} has no value`);
    entries.push([index, value]);
  }
  return { label, entries };
}

async function* linesWithEntries(path: string): AsyncGenerator<Line> {
  let number = 0;
  for await (const line of linesOf(path)) {
    const parsed = parse(path, line, ++number);
    if (parsed) yield parsed;
  }
}

async function* rowsOf(path: string, first: number, blockRows: number): AsyncGenerator<Block> {
  const assembler = new RowAssembler(blockRows);
  let row = 0;
  for await (const { entries } of linesWithEntries(path)) {
    while (!assembler.goTo(row)) yield assembler.take();
    for (const [index, value] of entries) if (value !== 0) assembler.add(index - first, value);
    row++;
  }
  while (!assembler.goTo(row)) yield assembler.take();
  yield assembler.take();
}

async function open(path: string, options: ReaderOptions): Promise<OpenSource> {
  refuseMember(options, "a file of SVMlight");
  const settings = new Settings(options, "svmlight");
  const given = settings.whole("columns", 1, MAX_INDEX);
  settings.finish();
  const labels: string[] = [];
  let least = Infinity, most = -1, entries = 0;
  for await (const line of linesWithEntries(path)) {
    labels.push(line.label);
    entries += line.entries.length;
    for (const [index] of line.entries) {
      least = Math.min(least, index);
      most = Math.max(most, index);
    }
  }
  if (labels.length === 0) throw new UserError(path, "has no rows", "name a file with rows");
  const first = least === 0 ? 0 : 1;
  const found = most + 1 - first, columns = given ?? found;
  requirePlausible(path, columns, entries);
  if (columns < found) {
    throw new UserError("data.reader.columns", `${path} has an index for column ${found}, got ${columns}`);
  }
  const isNone = new Set(labels).size === 1;
  return {
    rows: labels.length,
    columns,
    sparse: true,
    rowNames: null,
    columnNames: null,
    rowTables: new Map(isNone ? [] : [["label", labels]]),
    members: [{ name: basename(path), shape: [labels.length, columns], type: "text", sparse: true }],
    notes: [
      `indices begin at ${first}`,
      ...given === undefined ? ["the largest index is the last column (data.reader.columns sets another number)"] : [],
    ],
    read: (blockRows) => rowsOf(path, first, blockRows),
    close: () => {},
  };
}

const LINE = /^\s*[-+\d.eE,]+(\s+qid:\d+)?(\s+\d+:[-+\d.eEnaif]+)+\s*(#.*)?$/;

export const svmlight: Reader = {
  format: "svmlight",
  about: "a file of SVMlight",
  claims(path, head) {
    if (isGzip(head)) return /\.(svm|svmlight|libsvm)\.gz$/i.test(path);
    if (head.length === 0 || head.includes(0)) return false;
    const [first = "", second] = new TextDecoder().decode(head).split(/\r?\n/).filter((line) =>
      !/^\s*(#|$)/.test(line)
    );
    return LINE.test(first) || (second === undefined && /^\s*[-+\d.]+(\s+\d+:\S+)+/.test(first));
  },
  open,
};
