/** The page: makes its parts, connects, and passes on what the studio tells. */
import { View } from "./address.ts";
import { divergingCss } from "./pictures.ts";
import { onColours } from "./colours.ts";
import { Controls } from "./controls.ts";
import { make } from "./dom.ts";
import { Facts } from "./facts.ts";
import { Header } from "./header.ts";
import { Inspector } from "./inspector.ts";
import { JournalTab } from "./journal_tab.ts";
import { LatentTab } from "./latent_tab.ts";
import { LossGraph } from "./loss_graph.ts";
import { MapTab } from "./map_tab.ts";
import { Network } from "./network.ts";
import { RowTab } from "./row_tab.ts";
import { SheetTab } from "./sheet_tab.ts";
import { Connection } from "./socket.ts";
import { Store } from "./store.ts";
import { partsChoice, strongestSlider } from "./strongest.ts";
import { tabs } from "./tabs.ts";
import type { Tells } from "./types.ts";
import { watchRow } from "./watch.ts";

const socket = new URL("socket", location.href);
socket.protocol = socket.protocol === "https:" ? "wss:" : "ws:";
socket.hash = "";
const view = new View();
const connection = new Connection(socket, () => void begin(), () => store.tell("connected", false));
const store = new Store(connection, view);

const header = new Header(store),
  controls = new Controls(store),
  graph = new LossGraph(store),
  facts = new Facts(store);
const row = new RowTab(store);
const shown = [
  { name: "row", label: "Row", element: row.element },
  { name: "sheet", label: "Sheet", element: new SheetTab(store).element },
  { name: "latent", label: "Latent", element: new LatentTab(store, () => row.latent).element },
  { name: "map", label: "Map", element: new MapTab(store).element },
  { name: "chosen", label: "Chosen", element: new Inspector(store).element },
  { name: "journal", label: "Journal", element: new JournalTab(store).element },
];
if (!shown.some(({ name }) => name === view.shown.tab)) view.set({ tab: "row" });

function drawing(): HTMLElement {
  try {
    const network = new Network(store);
    const bar = make("span", { class: "bar", attributes: { "aria-hidden": "true" } });
    const tint = () => bar.style.background = divergingCss();
    tint();
    onColours(tint);
    const legend = make("p", { class: "note colours" }, "below 0 ", bar, " above 0, each layer by its largest value");
    const below = make(
      "div",
      { class: "below" },
      strongestSlider(store, network.connections),
      partsChoice(store, network),
    );
    below.append(legend);
    network.element.append(below);
    return network.element;
  } catch (error) {
    return make("p", { class: "message warning" }, error instanceof Error ? error.message : String(error));
  }
}

document.body.replaceChildren(
  header.element,
  make(
    "main",
    {},
    make("div", { class: "left" }, controls.element, graph.element, facts.element),
    make("section", { class: "middle", attributes: { "aria-label": "Network" } }, drawing()),
    tabs(store, shown),
  ),
);

watchRow(store);

function show(about: Store["about"]): void {
  store.about = about;
  store.state = about.state;
  store.values = null;
  store.tell("about", about);
  store.tell("state", about.state);
  store.tell("items", store.items);
  store.tell("tab", view.shown.tab);
}

async function begin(): Promise<void> {
  try {
    const about = await connection.ask("about", {});
    store.tell("connected", true);
    show(about);
  } catch (error) {
    store.fail(error);
  }
}

connection.on("about", show);
connection.on("pages", (pages) => store.pages = pages);
/** What is told before the page knows what it is about is of no use. */
function whenKnown<K extends keyof Tells>(kind: K, take: (value: Tells[K]) => void): void {
  connection.on(kind, (value) => store.about !== undefined && take(value));
}
whenKnown("state", (state) => {
  const before = store.state;
  store.state = state;
  store.tell("state", state);
  if (before.step !== state.step || before.phase !== state.phase) store.tell("weights", null);
});
whenKnown("values", (values) => {
  store.values = values;
  store.tell("values", values);
});
whenKnown("steps", (steps) => {
  store.tell("steps", steps);
  store.tell("weights", null);
});
whenKnown("epochs", (epochs) => store.tell("epochs", epochs));
whenKnown("edit", (edit) => {
  store.tell("edit", edit);
  store.tell("weights", null);
  store.pace.hurry();
});
whenKnown("note", (note) => store.tell("note", note));
document.addEventListener("visibilitychange", () => store.pace.changed());
// An address that is typed or pasted shows what it says.
addEventListener("hashchange", () => location.reload());
