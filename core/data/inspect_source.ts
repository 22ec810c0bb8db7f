/** A look at sources that have to be prepared: what their readers tell, and the values of their first rows. */
import type { DataFormat } from "../config/data_formats.ts";
import { MalformedError, UserError } from "../errors.ts";
import type { Inspection, InspectOptions } from "./inspect.ts";
import type { SourcePlace } from "./locate.ts";
import { openPlace } from "./open_place.ts";
import { joinedNames, type Named } from "./prepared.ts";
import { PortraitMaker } from "./portrait.ts";
import { type OpenSource, OutOfOrder } from "./readers/reader.ts";
import { SAMPLE_ROWS, tallyBlocks, ValueTally } from "./value_sample.ts";

/** Sources of which rows are read. */
const SAMPLE_SOURCES = 5;
const BLOCK_ROWS = 256;

async function tallied(
  place: SourcePlace,
  options: InspectOptions,
  tallyOf: (columns: number) => ValueTally,
  most: number,
): Promise<OpenSource> {
  const open = await openPlace(place, options);
  try {
    const tally = tallyOf(open.columns);
    await tallyBlocks(tally, open.read(BLOCK_ROWS), open.columns, most);
    return open;
  } finally {
    open.close();
  }
}

/** @throws {UserError} where one cannot be read, or has another number of columns than the first */
export async function inspectSources(
  given: string,
  places: readonly SourcePlace[],
  options: InspectOptions,
): Promise<Inspection> {
  try {
    return await inspectAll(given, places, options);
  } catch (error) {
    if (error instanceof MalformedError) throw error.ofData();
    if (!(error instanceof OutOfOrder)) throw error;
    return await inspectAll(given, places, { ...options, anyOrder: true });
  }
}

async function inspectAll(given: string, places: readonly SourcePlace[], options: InspectOptions): Promise<Inspection> {
  let tally: ValueTally | null = null;
  const tallyOf = (columns: number) => tally ??= new ValueTally(options.portrait ? new PortraitMaker(columns) : null);
  const most = Math.ceil(SAMPLE_ROWS / Math.min(places.length, SAMPLE_SOURCES));
  let first: OpenSource | null = null;
  let rows = 0;
  const named: Named[] = [];
  for (const [index, place] of places.entries()) {
    const open = await tallied(place, options, tallyOf, index < SAMPLE_SOURCES ? most : 0);
    first ??= open;
    rows += open.rows;
    const { rowNames: names, rowTables, columnNames, shape = null, rate: rateHz = null } = open;
    const { path, name } = place;
    named.push({
      ...{ path, name, rows: open.rows, columnNames, shape, rateHz },
      names: { names, tables: Object.fromEntries(rowTables) },
    });
    if (open.columns === first.columns) continue;
    throw new UserError(
      place.path,
      `has ${open.columns} columns, but ${places[0]!.path} has ${first.columns}`,
      "all sources of a data set must have the same columns",
    );
  }
  const { columns, sparse, members, notes, concluded } = first!;
  if (rows === 0 || columns === 0) {
    throw new UserError(given, `has ${rows} rows and ${columns} columns`, "name data that have both rows and columns");
  }
  const { shape, rateHz, rowNames, columnNames, rowTables } = joinedNames(named);
  return {
    format: places[0]!.reader.format as DataFormat,
    path: given,
    files: places.flatMap(({ files }) => files),
    rows,
    columns,
    dataType: sparse ? "sparse" : "dense",
    sample: tallyOf(columns).sample(columns),
    source: {
      sources: places.length,
      shape,
      rate_hz: rateHz,
      members,
      notes,
      rowNames,
      columnNames,
      tables: [...rowTables],
      ...concluded ? { concluded } : {},
    },
    ...options.portrait ? { portrait: tallyOf(columns).portrait!.portrait() } : {},
  };
}
