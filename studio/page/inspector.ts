/** The list of chosen neurons and connections, each with the weights that it has. */
import { button, make, picture } from "./dom.ts";
import { countText } from "./numbers.ts";
import { kernelWeights } from "./kernel.ts";
import { alone, listed, type Weight } from "./listed.ts";
import { drawFilter } from "./pictures.ts";
import type { Neuron } from "./picking.ts";
import { sourceText } from "./sources.ts";
import { type Item, itemName, type Store } from "./store.ts";
import type { Unit } from "./types.ts";
import { type WeightField, weightField } from "./weight_field.ts";

/** Weights in and out of a chosen neuron, each. */
const WEIGHTS = 12;
/** Weights that all places of a convolution's map share. */
const FILTER = "of the filter";

interface Entry {
  readonly item: Item;
  readonly element: HTMLElement;
  /** Of a connection, what it connects; of a neuron without weights, what it is made of. */
  readonly note: HTMLElement;
  readonly body: HTMLElement;
  fields: Map<string, WeightField>;
}

const keyOf = ({ tensor, at }: Pick<Weight, "tensor" | "at">) => `${tensor}@${at.join(".")}`;

export class Inspector {
  readonly element: HTMLElement;
  readonly #list = make("ol", { class: "items" });
  readonly #empty = make(
    "p",
    { class: "note" },
    "Click a neuron or a connection of the network, or go to one by the arrow keys and press Enter.",
  );
  readonly #clear = button("Clear the list", () => this.store.setItems([]));
  #entries: Entry[] = [];
  #isOpen = false;

  constructor(readonly store: Store) {
    const undo = button("Undo the last edit", () => store.connection.ask("undo", {}).catch(store.fail));
    store.on("state", ({ phase, edits }) => undo.disabled = edits === 0 || phase !== "paused" && phase !== "training");
    this.element = make("div", {}, make("div", { class: "buttons row" }, undo, this.#clear), this.#empty, this.#list);
    store.on("about", () => {
      this.#entries = [];
      this.#sync();
    });
    store.on("items", () => this.#sync());
    store.on("tab", (tab) => {
      this.#isOpen = tab === "chosen";
      this.refresh();
    });
    store.on("weights", () => this.#isOpen && store.pace.want("chosen", () => this.#ask()));
    store.on("edit", ({ command }) => {
      if (command.do !== "write") return;
      for (const { fields } of this.#entries) fields.get(keyOf(command))?.show(Math.fround(command.value));
    });
  }

  #sync(): void {
    const known = new Map(this.#entries.map((entry) => [itemName(entry.item), entry]));
    this.#entries = this.store.items.map((item) => known.get(itemName(item)) ?? this.#make(item));
    this.#list.replaceChildren(...this.#entries.map(({ element }) => element));
    this.#empty.hidden = this.#entries.length > 0;
    this.#clear.disabled = this.#entries.length === 0;
    this.refresh();
  }

  #make(item: Item): Entry {
    const body = make("div"), note = make("p", { class: "note" });
    const title = "stage" in item
      ? `${item.stage}, unit ${countText(item.unit)}`
      : `${item.tensor}[${item.at.join(", ")}]`;
    const remove = button(
      "×",
      () => this.store.setItems(this.store.items.filter((other) => itemName(other) !== itemName(item))),
      {
        class: "quiet",
        attributes: { "aria-label": `Remove ${title} from the list` },
      },
    );
    return {
      item,
      note,
      body,
      fields: new Map(),
      element: make("li", {}, make("div", { class: "heading" }, make("h3", {}, title), remove), note, body),
    };
  }

  /** Asks for the present weights of everything in the list, at once. */
  refresh(): void {
    void this.#ask();
  }

  async #ask(): Promise<void> {
    if (!this.#isOpen) return;
    await Promise.all(this.#entries.map((entry) => {
      const { item, body } = entry, subject = `item ${itemName(item)}`;
      const refuse = (error: unknown) => {
        if (entry.fields.size === 0) {
          body.replaceChildren(make("p", { class: "note" }, error instanceof Error ? error.message : String(error)));
        }
      };
      if ("stage" in item) {
        const stage = this.store.about.network.stages.findIndex(({ name }) => name === item.stage);
        if (stage < 0) {
          return refuse(`This network has no layer ${item.stage}.`);
        }
        return this.store.connection.newest(subject, "unit", { stage, unit: item.unit, most: WEIGHTS })
          .then((unit) => unit && this.#showUnit(entry, stage, unit), refuse);
      } else {
        return this.store.connection.newest(subject, "weight", { tensor: item.tensor, at: item.at })
          .then((answer) => {
            if (answer === null) return;
            this.#showWeights(entry, [["", [alone({ tensor: item.tensor, at: item.at, value: answer.value })]]]);
            if (answer.ends) entry.note.textContent = answer.ends.map((end) => this.#nameOf(end)).join(" → ");
          }, refuse);
      }
    }));
  }

  #editable(tensor: string): boolean {
    const { phase } = this.store.state;
    const stage = this.store.about.network.stages.find(({ parameters }) =>
      parameters.some(({ name }) => name === tensor)
    );
    return (phase === "paused" || phase === "training") && (stage?.editable ?? false);
  }

  #label({ tensor, at, stage, unit }: Weight, direction: string): string {
    const last = tensor.split(".").at(-1)!;
    if (stage === null || unit === null) {
      return direction === "" || direction === FILTER ? `weight [${at.join(", ")}]` : last;
    }
    return `${direction === "in" ? "from" : "to"} ${this.#nameOf({ stage, unit })}`;
  }

  #nameOf({ stage, unit }: Neuron): string {
    return `${this.store.about.network.stages[stage]?.name ?? "?"} ${countText(unit)}`;
  }

  #showUnit(entry: Entry, stage: number, { own, into, into_total, out, out_total, filter }: Unit): void {
    const about = this.store.about.network.stages[stage]!;
    const kernel = into.length === 0 && "unit" in entry.item
      ? kernelWeights(about, entry.item.unit, filter, WEIGHTS)
      : [];
    const { unit } = entry.item as { readonly unit: number };
    entry.note.textContent = sourceText(this.store.about.network.stages, { stage, unit }) ?? "";
    const groups: (readonly [string, readonly Weight[]])[] = [
      ["own", own.map(alone)],
      ["in", listed(into, unit, "into")],
      [FILTER, kernel],
      ["out", listed(out, unit, "out")],
    ];
    const totals = { in: into_total, [FILTER]: filter?.values.length ?? 0, out: out_total };
    this.#showWeights(entry, groups.filter(([, weights]) => weights.length > 0), totals);
    if (filter === null) return;
    const existing = entry.body.querySelector("canvas");
    const canvas = existing ??
      picture(
        `Weights of unit ${entry.item && "unit" in entry.item ? entry.item.unit : ""} of ${about.name} as a picture`,
        "filter",
      );
    if (!existing) entry.body.append(canvas);
    drawFilter(canvas, filter.shape, filter.values, 120);
  }

  /** Fields stay while the list of weights is the same, so that one that is being edited keeps its focus. */
  #showWeights(
    entry: Entry,
    groups: readonly (readonly [string, readonly Weight[]])[],
    totals: Readonly<Record<string, number>> = {},
  ): void {
    const focused = entry.body.contains(document.activeElement);
    const all = groups.flatMap(([, weights]) => weights);
    const same = all.length === entry.fields.size && all.every((weight) => entry.fields.has(keyOf(weight)));
    for (const weight of all) {
      const field = entry.fields.get(keyOf(weight));
      field?.show(weight.value);
      field?.allow(this.#editable(weight.tensor));
    }
    if (same || focused) return;
    entry.fields = new Map();
    entry.body.replaceChildren(...groups.flatMap(([direction, weights]) => {
      const total = totals[direction];
      const heading = total === undefined ? null : make(
        "p",
        { class: "note" },
        `weights ${direction}: ` +
          (total > weights.length
            ? `the ${weights.length} strongest of ${countText(total)}`
            : `all ${countText(total)}`),
      );
      const fields = weights.map((weight) => {
        const made = weightField(this.store, weight, this.#label(weight, direction));
        made.allow(this.#editable(weight.tensor));
        entry.fields.set(keyOf(weight), made);
        return made.element;
      });
      return heading ? [heading, ...fields] : fields;
    }));
  }
}
