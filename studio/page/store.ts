/** What the page knows, in one place. Parts of the page listen to the topics that they show. */
import type { About, Edit, Numbers, RowName, Stage, State, Tells } from "./types.ts";
import type { Connection } from "./socket.ts";
import { ITEMS_MOST, type View } from "./address.ts";
import { Pace } from "./pace.ts";

/** A neuron: a stage and its unit; or a weight: a tensor and a place in it. */
export type Item =
  | { readonly stage: string; readonly unit: number }
  | { readonly tensor: string; readonly at: readonly number[] };

export interface Topics {
  about: About;
  state: State;
  values: Tells["values"];
  steps: Tells["steps"];
  epochs: Tells["epochs"];
  edit: Edit;
  note: Tells["note"];
  /** The row that is shown. */
  row: RowName;
  /** The list of chosen neurons and weights. */
  items: readonly Item[];
  /** A latent vector that was set by hand or on the map; the parts that show it decode it. */
  latent: Numbers;
  /** The open tab. */
  tab: string;
  /** Weights may have changed: an edit, or steps. Who asks for them leaves it to the page's {@linkcode Pace}. */
  weights: null;
  connected: boolean;
}

export const sameItem = (a: Item, b: Item): boolean => itemName(a) === itemName(b);

export function itemName(item: Item): string {
  return "stage" in item ? `${item.stage}:${item.unit}` : `${item.tensor}@${item.at.join(".")}`;
}

export const itemOf = (name: string): Item | null => {
  const neuron = /^([\w.]+):(\d+)$/.exec(name);
  if (neuron) return { stage: neuron[1]!, unit: Number(neuron[2]) };
  const weight = /^([\w.]+)@((?:\d+\.?)*)$/.exec(name);
  return weight && { tensor: weight[1]!, at: weight[2]!.split(".").filter((part) => part !== "").map(Number) };
};

/** Whether the weights of a stage stay as they are. */
export const isFrozen = ({ parameters }: Stage, frozen: readonly string[]): boolean =>
  frozen.some((layer) => parameters.some(({ name }) => name.startsWith(`${layer}.`)));

export class Store {
  about!: About;
  state!: State;
  values: Tells["values"] | null = null;
  latent: Numbers | null = null;
  row: RowName;
  items: readonly Item[];
  /** Number of pages, this one included. */
  pages = 1;
  readonly pace = new Pace({
    isTraining: () => this.isTraining,
    isHidden: () => document.hidden,
    pages: () => this.pages,
    stood: () => this.connection.stood,
  });
  readonly #listeners: { [K in keyof Topics]?: ((value: Topics[K]) => void)[] } = {};

  constructor(readonly connection: Connection, readonly view: View) {
    this.row = { row: view.row };
    this.items = view.items.flatMap((name) => itemOf(name) ?? []);
  }

  on<K extends keyof Topics>(topic: K, listener: (value: Topics[K]) => void): void {
    ((this.#listeners[topic] ??= []) as ((value: Topics[K]) => void)[]).push(listener);
  }

  tell<K extends keyof Topics>(topic: K, value: Topics[K]): void {
    for (const listener of this.#listeners[topic] ?? []) listener(value);
  }

  showRow(row: RowName): void {
    this.row = row;
    if ("row" in row) this.view.set({ row: row.row });
    this.tell("row", row);
  }

  showTab(tab: string): void {
    this.view.set({ tab });
    this.tell("tab", tab);
  }

  setItems(items: readonly Item[]): void {
    this.items = items;
    this.view.set({ items: items.map(itemName) });
    this.tell("items", items);
  }

  /** The newest first; one that is in the list moves to its beginning. */
  choose(item: Item): void {
    this.setItems([item, ...this.items.filter((other) => !sameItem(item, other))].slice(0, ITEMS_MOST));
    this.showTab("chosen");
  }

  setLatent(latent: Numbers): void {
    this.latent = latent;
    this.tell("latent", latent);
  }

  /** Number of rows of the data. */
  get rows(): number {
    const { train, validation, test } = this.about.data.rows;
    return train + validation + test;
  }

  get isTraining(): boolean {
    return this.state.phase === "training";
  }

  /** Says an error in the page's line of messages. */
  readonly fail = (error: unknown): void => {
    this.tell("note", { text: error instanceof Error ? error.message : String(error), warning: true });
  };
}
