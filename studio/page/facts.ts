/** Figures of the data, of the network and of time; export of the network. */
import { button, choice, field, make } from "./dom.ts";
import { countText, mebibytesText, secondsText } from "./numbers.ts";
import type { Store } from "./store.ts";

const list = (rows: readonly (readonly [string, string])[]): Node[] =>
  rows.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));

export class Facts {
  readonly element: HTMLElement;
  readonly #times = make("dl", { class: "facts" });
  readonly #sizes = make("dl", { class: "facts" });
  readonly #config = make("pre", { attributes: { tabindex: "0", "aria-label": "The config" } });
  readonly #export = make("div", { class: "export" });

  constructor(readonly store: Store) {
    this.element = make(
      "section",
      { attributes: { "aria-label": "Figures" } },
      this.#times,
      make("details", { attributes: { open: "" } }, make("summary", {}, "Data and network"), this.#sizes),
      make("details", {}, make("summary", {}, "Export"), this.#export),
      make("details", {}, make("summary", {}, "Config"), this.#config),
    );
    let shown = "";
    store.on("state", ({ seconds }) => {
      const rows = [
        ["a step", secondsText(seconds.step)],
        ["waiting for a batch", secondsText(seconds.wait)],
        ["an epoch", secondsText(seconds.epoch)],
      ] as const;
      if (shown === String(rows)) return;
      shown = String(rows);
      this.#times.replaceChildren(...list(rows));
    });
    store.on("about", () => this.#begin());
  }

  #begin(): void {
    const { data, network, settings, formats } = this.store.about;
    this.#config.textContent = settings.config;
    this.#sizes.replaceChildren(...list([
      ["files", countText(data.files)],
      ["size", mebibytesText(data.bytes)],
      ["rows to train on", countText(data.rows.train)],
      ["validation, test", `${countText(data.rows.validation)}, ${countText(data.rows.test)}`],
      ["columns", data.shape && data.shape.length > 1 ? data.shape.join(" × ") : countText(data.columns)],
      ["neurons", countText(network.neurons)],
      ["connections", countText(network.connections)],
      ["parameters", countText(network.parameters)],
      ["latent units", countText(network.latent_size)],
    ]));
    const formatsChoice = choice(formats.map((name) => [name, name] as const), formats[0] ?? "", () => {});
    const done = make("p", { class: "note", attributes: { role: "status" } });
    const write = button("Write", () => {
      done.textContent = "Writing …";
      this.store.connection.ask("export", { format: formatsChoice.value }).then(({ path, file }) => {
        const name = file.split("/").at(-1)!;
        done.replaceChildren(
          "Written: ",
          make("a", { attributes: { href: new URL(file, location.href).href, download: name, title: path } }, name),
        );
      }, (error) => {
        done.textContent = "";
        this.store.fail(error);
      });
    });
    this.#export.replaceChildren(field("Format", formatsChoice, write), done);
  }
}
