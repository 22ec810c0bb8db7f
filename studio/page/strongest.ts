/** How many connections are drawn. */
import { STRONGEST_MOST } from "./address.ts";
import type { Connections } from "./connections.ts";
import { field, make } from "./dom.ts";
import { countText } from "./numbers.ts";
import type { Store } from "./store.ts";

/** The slider has the cube root of the number, so that few can be chosen as finely as many. */
export function strongestSlider(store: Store, connections: Connections): HTMLElement {
  const slider = make("input", { attributes: { type: "range", min: "0", max: "1", step: "0.01" } });
  const said = make("output", { class: "number" });
  const valueOf = () => Math.round(STRONGEST_MOST * Number(slider.value) ** 3);
  slider.value = String(Math.cbrt(store.view.shown.strongest / STRONGEST_MOST));
  said.textContent = countText(store.view.shown.strongest);
  slider.addEventListener("input", () => {
    store.view.set({ strongest: valueOf() });
    said.textContent = countText(valueOf());
  });
  slider.addEventListener("change", () => connections.refresh());
  const element = field("Connections drawn, at most", slider, said);
  store.on("about", ({ network }) => element.hidden = network.links.length === 0);
  return element;
}
