/** Tabs: one part of the page is shown at a time; arrow keys go from tab to tab. */
import { make } from "./dom.ts";
import type { Store } from "./store.ts";

export interface Tab {
  readonly name: string;
  readonly label: string;
  readonly element: HTMLElement;
}

export function tabs(store: Store, all: readonly Tab[]): HTMLElement {
  const list = make("div", { class: "tabs", attributes: { role: "tablist", "aria-label": "What is shown" } });
  const panels = all.map(({ name, element }) =>
    make("div", {
      class: "panel",
      attributes: { role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}`, tabindex: "0" },
    }, element)
  );
  const heads = all.map(({ name, label }) => {
    const head = make("button", {
      attributes: { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}` },
    }, label);
    head.addEventListener("click", () => store.showTab(name));
    return head;
  });
  list.append(...heads);
  list.addEventListener("keydown", (event) => {
    const at = heads.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = (to + all.length) % all.length;
    heads[next]!.focus();
    store.showTab(all[next]!.name);
  });
  const show = (chosen: string) => {
    for (const [i, { name }] of all.entries()) {
      heads[i]!.setAttribute("aria-selected", String(name === chosen));
      heads[i]!.tabIndex = name === chosen ? 0 : -1;
      panels[i]!.hidden = name !== chosen;
    }
  };
  show(store.view.shown.tab);
  store.on("tab", show);
  store.on("items", (items) => {
    const label = all.findIndex(({ name }) => name === "chosen");
    if (label >= 0) {
      heads[label]!.textContent = items.length === 0 ? all[label]!.label : `${all[label]!.label} (${items.length})`;
    }
  });
  return make(
    "section",
    { class: "shown", attributes: { "aria-label": "Row, latent space, chosen neurons, journal" } },
    list,
    ...panels,
  );
}
