/** What a page about data shows, as plain data: `data inspect --html` makes it of a look at the data. */

/** Numbers in bins: one more edge than there are bins. */
export interface Spread {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** Whether the edges rise by a factor. */
  readonly log: boolean;
}

export interface DataView {
  /** What the user named. */
  readonly path: string;
  readonly format: string;
  readonly rows: number;
  readonly columns: number;
  readonly sparse: boolean;
  /** Of a dense row, channels first; null of a row without one. */
  readonly shape: readonly number[] | null;
  readonly rateHz: number | null;
  /** Sources, or files that are trained on as they are, in words: "1 source". */
  readonly parts: string;
  /** The kind of the values, in words. */
  readonly kind: string;
  /** Settings of `data.transforms` that suit the values, and why. */
  readonly transforms: readonly string[];
  readonly why: string;
  readonly orientation: { readonly text: string; readonly doubtful: boolean };
  /** Of the rows that were looked at. */
  readonly sample: {
    readonly rows: number;
    readonly emptyRows: number;
    readonly least: number;
    readonly greatest: number;
    readonly whole: boolean;
    readonly zeros: number;
    readonly rowSums: readonly [least: number, median: number, greatest: number];
  };
  readonly portrait: {
    readonly values: Spread | null;
    readonly rowSums: Spread;
    readonly filled: Spread;
    readonly emptyColumns: number | null;
    readonly first: readonly (readonly number[])[];
    readonly grid: {
      readonly rows: number;
      readonly groups: number;
      readonly columns: number;
      readonly values: readonly number[];
    };
  } | null;
  readonly members: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly type: string;
    readonly sparse: boolean;
  }[];
  readonly notes: readonly string[];
  readonly rowNames: readonly string[] | null;
  readonly columnNames: readonly string[] | null;
  /** Columns of text about the rows. */
  readonly tables: readonly (readonly [name: string, values: readonly string[]])[];
}
