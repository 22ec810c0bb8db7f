/** How much noise layers make in training: a slider and a number for each. */
import { field, make } from "./dom.ts";
import type { Store } from "./store.ts";
import type { About, Command, State } from "./types.ts";

/** Of amounts without a bound the slider goes to so many times the first one, and to 1 at least. */
const MOST_TIMES = 4;
const STEP = 0.01;

type Noise = About["network"]["noise"][number];

interface Entry {
  readonly slider: HTMLInputElement;
  readonly number: HTMLInputElement;
}

export function noiseSettings(store: Store, send: (command: Command) => Promise<void>): HTMLElement {
  const element = make("div");
  let entries: readonly Entry[] = [];
  const show = ({ noise, phase }: State) => {
    for (const [i, { slider, number }] of entries.entries()) {
      slider.disabled = number.disabled = phase !== "paused" && phase !== "training";
      for (const input of [slider, number]) if (document.activeElement !== input) input.value = String(noise[i]);
    }
  };
  const entryOf = ({ key, maximum }: Noise, amount: number): Entry => {
    const [, layer, kind] = /^model\.(.+)\.(\w+)$/.exec(key)!, name = `${kind!.replaceAll("_", " ")} of ${layer}`;
    const most = maximum === null ? Math.max(1, MOST_TIMES * amount) : maximum - STEP;
    const slider = make("input", { attributes: { type: "range", min: "0", max: String(most), step: String(STEP) } });
    const number = make("input", {
      class: "number",
      attributes: { type: "number", step: "any", min: "0", "aria-label": `${name} as a number` },
    });
    const set = async () => {
      if (number.value !== "") await send({ do: "set", key, value: Number(number.value) });
      show(store.state);
    };
    slider.addEventListener("input", () => number.value = slider.value);
    slider.addEventListener("change", () => void set());
    number.addEventListener("change", () => void set());
    element.append(field(`${name[0]!.toUpperCase()}${name.slice(1)}`, slider, number));
    return { slider, number };
  };
  store.on("about", ({ network, state }) => {
    element.replaceChildren();
    entries = network.noise.map((noise, i) => entryOf(noise, state.noise[i]!));
    show(state);
  });
  store.on("state", show);
  return element;
}
