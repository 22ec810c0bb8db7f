/** What of the network is drawn: how many connections, and the neurons of free graphs by their values or their parts. */
import { STRONGEST_MOST } from "./address.ts";
import type { Connections } from "./connections.ts";
import { checkbox, field, make } from "./dom.ts";
import { countText } from "./numbers.ts";
import type { Network } from "./network.ts";
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

/** Only there where the network has a free graph. */
export function partsChoice(store: Store, network: Network): HTMLElement {
  const choose = (byPart: boolean) => {
    store.view.set({ parts: byPart });
    network.colourParts(byPart);
  };
  const element = checkbox("graphs in the colours of their parts", store.view.shown.parts, choose);
  network.colourParts(store.view.shown.parts);
  store.on("about", ({ network: { stages } }) => element.hidden = stages.every(({ parts }) => parts === null));
  return element;
}
