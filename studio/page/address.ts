/** What of the page is in its address, so that a reload, a bookmark and a message to a colleague show the same. */

export interface Shown {
  readonly row: number;
  readonly tab: string;
  /** Connections that are drawn of each pair of layers, at most. */
  readonly strongest: number;
  readonly axis: "step" | "epoch" | "seconds";
  readonly log: boolean;
  /** Whether rows of a table are drawn as pictures that are nearly square. */
  readonly picture: boolean;
  /** Whether neurons of free graphs have the colours of their parts. */
  readonly parts: boolean;
  /** Chosen neurons (`encoder.0:5`) and weights (`encoder.0.weight@5.3`). */
  readonly items: readonly string[];
}

export const DEFAULTS: Shown = {
  row: 0,
  tab: "row",
  strongest: 1000,
  axis: "step",
  log: true,
  picture: false,
  parts: false,
  items: [],
};
export const STRONGEST_MOST = 50_000;
/** Each of them is asked for again while training. */
export const ITEMS_MOST = 40;

const whole = (text: string | null, least: number, most: number, otherwise: number): number => {
  const value = text === null || text === "" ? NaN : Number(text);
  return Number.isInteger(value) && value >= least && value <= most ? value : otherwise;
};

/** What is not there, or is nothing that can be shown, is as at the beginning. */
export function parseAddress(hash: string): Shown {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const axis = given.get("axis"), tab = given.get("tab") ?? "";
  return {
    row: whole(given.get("row"), 0, 2 ** 53, DEFAULTS.row),
    tab: /^[a-z]{1,20}$/.test(tab) ? tab : DEFAULTS.tab,
    strongest: whole(given.get("strongest"), 0, STRONGEST_MOST, DEFAULTS.strongest),
    axis: axis === "epoch" || axis === "seconds" ? axis : DEFAULTS.axis,
    log: given.get("log") !== "0",
    picture: given.get("picture") === "1",
    parts: given.get("parts") === "1",
    items: given.getAll("item").slice(0, ITEMS_MOST),
  };
}

/** Only what differs from the beginning is in the address. */
export function addressText(shown: Shown): string {
  const parts = new URLSearchParams();
  for (const name of ["row", "tab", "strongest", "axis"] as const) {
    if (shown[name] !== DEFAULTS[name]) parts.set(name, String(shown[name]));
  }
  if (!shown.log) parts.set("log", "0");
  if (shown.picture) parts.set("picture", "1");
  if (shown.parts) parts.set("parts", "1");
  for (const item of shown.items) parts.append("item", item);
  return parts.size === 0 ? "" : `#${parts}`;
}

/** Milliseconds between two changes of the address: browsers refuse more than some of them a second. */
const ADDRESS_MS = 400;

/** What is shown at present. The address follows it, a little later where much changes; that adds nothing to the browser's history. */
export class View {
  #shown: Shown;
  #later = 0;

  constructor() {
    this.#shown = parseAddress(location.hash);
    addEventListener("pagehide", () => this.#write());
  }

  get row(): number {
    return this.#shown.row;
  }
  get items(): readonly string[] {
    return this.#shown.items;
  }
  get shown(): Shown {
    return this.#shown;
  }

  set(changed: Partial<Shown>): void {
    this.#shown = { ...this.#shown, ...changed };
    if (this.#later !== 0) return;
    this.#write();
    this.#later = setTimeout(() => {
      this.#later = 0;
      this.#write();
    }, ADDRESS_MS) as unknown as number;
  }

  #write(): void {
    const text = addressText(this.#shown);
    if (text !== location.hash) history.replaceState(null, "", `${location.pathname}${text}`);
  }
}
