/** The latent vector: a slider for each of its values, what it decodes to, and which directions move the output most. */
import { button, make, picture } from "./dom.ts";
import { drawFilter, largest, largestPlaces } from "./pictures.ts";
import { countText, exactText, percentText, shortText } from "./numbers.ts";
import { ReconstructionView } from "./reconstruction.ts";
import type { Asks } from "../protocol.ts";
import type { Store } from "./store.ts";
import type { LatentMap, Numbers } from "./types.ts";

const SLIDERS_MOST = 48;
const COLUMNS_MOST = 24;
const DIRECTIONS = 4;
/** Rows from which the ranges of the sliders are taken. */
const RANGE_ROWS = 4000;

export class LatentTab {
  readonly element: HTMLElement;
  readonly #sliders = make("div", { class: "sliders" });
  readonly #said = make("p", { class: "note" });
  readonly #view: ReconstructionView;
  readonly #jacobian = make("div");
  #ranges: LatentMap | null = null;
  #inputs = new Map<number, { readonly slider: HTMLInputElement; readonly number: HTMLInputElement }>();
  #isOpen = false;

  /** @param ofRow the latent vector of the shown row */
  constructor(readonly store: Store, readonly ofRow: () => Numbers | null) {
    this.#view = new ReconstructionView(store, () => `${store.about.run.name}-decoded-${store.state.step}`, true);
    this.element = make(
      "div",
      {},
      make(
        "div",
        { class: "buttons row" },
        button("From the row", () => void this.fromRow().catch(store.fail), {
          attributes: { title: "The latent vector of the shown row" },
        }),
        button("Mean", () => this.#ranges && store.setLatent(this.#ranges.mean.slice()), {
          attributes: { title: "Mean of the data's latent vectors" },
        }),
        button("Jacobian", () => this.#askJacobian(), {
          attributes: { title: "How the output changes with the latent vector, here" },
        }),
      ),
      this.#view.element,
      this.#jacobian,
      this.#said,
      this.#sliders,
    );
    store.on("about", () => {
      this.#ranges = null;
      store.latent = null;
      if (this.#isOpen) void this.#open();
    });
    store.on("tab", (tab) => {
      this.#isOpen = tab === "latent";
      if (this.#isOpen) void this.#open();
    });
    store.on("latent", (latent) => {
      this.#show(latent);
      this.#jacobian.replaceChildren();
      void this.#decode();
    });
    store.on("weights", () => this.#isOpen && store.pace.want("decoded", () => this.#decode()));
  }

  async #open(): Promise<void> {
    try {
      this.#ranges ??= await this.store.connection.ask("map", { most: RANGE_ROWS });
      if (this.store.latent === null) return await this.fromRow();
      this.#make(this.store.latent);
      await this.#decode();
    } catch (error) {
      this.store.fail(error);
    }
  }

  async fromRow(): Promise<void> {
    const latent = this.ofRow() ?? (await this.store.connection.ask("row", { of: this.store.row })).latent;
    this.#make(latent);
    this.store.setLatent(latent.slice());
  }

  /** Sliders of all units, or of the largest where there are many. */
  #make(latent: Numbers): void {
    this.#inputs = new Map();
    const shown = latent.length > SLIDERS_MOST
      ? largestPlaces(latent.length, (unit) => Math.abs(latent[unit]!), SLIDERS_MOST)
      : Array.from(latent.keys());
    this.#said.textContent = latent.length > shown.length
      ? `The ${shown.length} largest of ${
        countText(latent.length)
      } latent units. The sliders reach over 98 % of the data.`
      : "The sliders reach over 98 % of the data; a number field takes any value.";
    this.#sliders.replaceChildren(...shown.map((unit) => {
      const low = this.#ranges?.low[unit] ?? -1, high = this.#ranges?.high[unit] ?? 1;
      const [least, most] = low < high ? [low, high] : [low - 1, high + 1];
      const name = `Latent unit ${unit}`;
      const slider = make("input", {
        attributes: { type: "range", min: String(least), max: String(most), step: "any", "aria-label": name },
      });
      const number = make("input", {
        class: "number",
        attributes: { type: "number", step: "any", "aria-label": `${name} as a number` },
      });
      const set = (value: number) => {
        if (!Number.isFinite(value)) return;
        const changed = this.store.latent!.slice();
        changed[unit] = value;
        this.store.setLatent(changed);
      };
      slider.addEventListener("input", () => set(Number(slider.value)));
      number.addEventListener("change", () => set(Number(number.value)));
      this.#inputs.set(unit, { slider, number });
      return make(
        "div",
        { class: "slider" },
        make("span", { attributes: { "aria-hidden": "true" } }, String(unit)),
        slider,
        number,
      );
    }));
    this.#show(latent);
  }

  #show(latent: Numbers): void {
    for (const [unit, { slider, number }] of this.#inputs) {
      if (document.activeElement !== slider) slider.value = String(latent[unit]);
      if (document.activeElement !== number) number.value = exactText(latent[unit]!);
    }
  }

  async #decode(): Promise<void> {
    const { latent } = this.store;
    if (!this.#isOpen || latent === null) return;
    await this.store.connection.newest("decode", "decode", { latent: [...latent], most: COLUMNS_MOST }).then(
      (answer) => {
        if (answer) this.#view.show({ ...answer, input: null });
      },
      this.store.fail,
    );
  }

  #askJacobian(): void {
    const { latent } = this.store;
    if (latent === null) return;
    this.store.connection.newest("jacobian", "jacobian", { latent: [...latent], directions: DIRECTIONS }).then(
      (answer) => {
        if (answer) this.#showJacobian(answer);
      },
      this.store.fail,
    );
  }

  #showJacobian(answer: Asks["jacobian"]["answer"]): void {
    if ("none" in answer) return this.#jacobian.replaceChildren(make("p", { class: "note" }, answer.none));
    const { singular, output, latent, columns } = answer, { data } = this.store.about;
    const total = singular.reduce((sum, value) => sum + value * value, 0) || 1;
    const size = latent.length / this.store.about.network.latent_size, each = output.length / size;
    const list = Array.from({ length: size }, (_, i) => {
      const part = output.subarray(i * each, (i + 1) * each),
        of = latent.subarray(i * latent.length / size, (i + 1) * latent.length / size);
      const strongest = largestPlaces(of.length, (k) => Math.abs(of[k]!), 3);
      const text = `singular value ${shortText(singular[i]!)}, ${
        percentText(singular[i]! ** 2 / total)
      } of all; mostly latent ${strongest.join(", ")}`;
      if (data.kind === "sparse" || data.kind === "table") {
        const own = columns === null
          ? null
          : columns.length === output.length
          ? columns.subarray(i * each, (i + 1) * each)
          : columns;
        const names = largest(own, null, part, data.names, 5).map(({ name, output }) => `${name} ${shortText(output)}`);
        return make("li", {}, make("p", {}, text), make("p", { class: "note" }, names.join(", ")));
      }
      const canvas = picture(`Direction ${i + 1} in the output`);
      drawFilter(canvas, data.shape ?? [each], part, 88);
      return make("li", {}, canvas, make("p", { class: "note" }, text));
    });
    this.#jacobian.replaceChildren(
      make(
        "h3",
        {},
        `Directions that change the output most, at this point and step ${countText(this.store.state.step)}`,
      ),
      make("ol", { class: "directions" }, ...list),
    );
  }
}
