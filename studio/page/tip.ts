/** What is said about the neuron under the pointer: its value for the shown row, its own numbers, its filter. */
import { make, picture } from "./dom.ts";
import { countOf } from "./listed.ts";
import { countText, shortText } from "./numbers.ts";
import { drawFilter } from "./pictures.ts";
import type { Neuron } from "./picking.ts";
import { sourceText } from "./sources.ts";
import type { Store } from "./store.ts";
import type { Unit } from "./types.ts";

export class Tip {
  readonly element: HTMLDivElement;
  readonly #title = make("b");
  readonly #text = make("span");
  readonly #filter = picture("Weights of the neuron as a picture", "filter");

  constructor(readonly store: Store) {
    this.element = make(
      "div",
      { class: "tip", attributes: { "aria-hidden": "true" } },
      this.#title,
      this.#text,
      this.#filter,
    );
    this.hide();
  }

  hide(): void {
    this.element.hidden = true;
  }

  /** @param x, y a corner of the neuron's cell @param width, height of the area in which the tip has to lie */
  show(neuron: Neuron, unit: Unit | null, x: number, y: number, width: number, height: number): void {
    const { title, details } = describe(this.store, neuron, unit);
    this.#title.textContent = title;
    this.#text.textContent = details.join("\n");
    const filter = unit?.filter ?? null;
    this.#filter.hidden = filter === null;
    if (filter) drawFilter(this.#filter, filter.shape, filter.values, 96);
    this.element.hidden = false;
    const { offsetWidth, offsetHeight } = this.element;
    this.element.style.left = `${Math.max(4, x + 14 + offsetWidth > width ? x - offsetWidth - 14 : x + 14)}px`;
    this.element.style.top = `${Math.max(4, Math.min(y + 10, height - offsetHeight - 4))}px`;
  }
}

/** The same in words, for the tip and for the line that is read out. */
export function describe(
  store: Store,
  { stage, unit }: Neuron,
  answer: Unit | null,
): { title: string; details: string[] } {
  const { stages } = store.about.network, { names } = store.about.data;
  const of = stages[stage]!;
  const isColumn = of.units === store.about.data.columns && (stage === 0 || stage === stages.length - 1);
  const name = isColumn ? names?.[unit] : undefined;
  const title = `${of.latent ? "latent" : of.name}, unit ${countText(unit)} of ${countText(of.units)}${
    name === undefined ? "" : `: ${name}`
  }`;
  const at = store.values?.at[stage], value = at === undefined ? undefined : store.values?.values[at + unit];
  const details = [value === undefined || Number.isNaN(value) ? "no value for this row" : `value ${shortText(value)}`];
  const made = sourceText(stages, { stage, unit });
  if (made !== null) details.push(made);
  for (const own of answer?.own ?? []) details.push(`${own.tensor.split(".").at(-1)} ${shortText(own.value)}`);
  const weights = (total: number, drawn: number, way: string) => {
    const some = drawn < total ? `, the ${countText(drawn)} strongest are drawn` : "";
    if (total > 0) details.push(`${countText(total)} weights ${way}${some}`);
  };
  if (answer) {
    weights(answer.into_total, countOf(answer.into), "in");
    weights(answer.out_total, countOf(answer.out), "out");
  }
  return { title, details };
}
