/** The shown row: its input, output and error; which row that is; files that are dropped in. */
import { button, checkbox, make } from "./dom.ts";
import { countText, shortText } from "./numbers.ts";
import { ReconstructionView } from "./reconstruction.ts";
import type { Store } from "./store.ts";
import type { Numbers, RowName } from "./types.ts";

/** Of the time that drawing the row again and again takes. */
const SHARE = 0.1;

export class RowTab {
  readonly element: HTMLElement;
  readonly #number = make("input", {
    class: "number",
    attributes: { type: "number", min: "0", step: "1", "aria-label": "Row" },
  });
  readonly #of = make("span", { class: "note" });
  readonly #said = make("p", { class: "said" });
  readonly #view: ReconstructionView;
  readonly #file = make("input", { attributes: { type: "file", accept: ".npy,.wav,.png,.jpg,.jpeg", id: "file" } });
  readonly #drop: HTMLElement;
  readonly #back: HTMLButtonElement;
  readonly #asPicture: HTMLElement;
  #dropped: { readonly name: string; readonly rows: number } | null = null;
  /** When the row may be drawn again. */
  #next = 0;
  #isOpen = true;
  /** Of the shown row. */
  latent: Numbers | null = null;

  constructor(readonly store: Store) {
    this.#view = new ReconstructionView(store, () => `${store.about.run.name}-row-${this.#at}-${store.state.step}`);
    this.#back = button("Back to the data", () => store.showRow({ row: store.view.row }));
    this.#asPicture = checkbox("as a picture", store.view.shown.picture, (on) => {
      store.view.set({ picture: on });
      this.#ask();
    });
    store.on("about", ({ data }) => this.#asPicture.hidden = data.kind !== "table");
    this.#drop = make(
      "div",
      { class: "drop" },
      make(
        "label",
        { attributes: { for: "file" } },
        "Your own data: drop a .npy, .wav or picture file here, or choose one. It is not trained on.",
      ),
      this.#file,
      this.#back,
    );
    this.element = make(
      "div",
      {},
      make(
        "div",
        { class: "buttons row" },
        button("‹", () => this.#step(-1), { attributes: { "aria-label": "Previous row" } }),
        this.#number,
        button("›", () => this.#step(1), { attributes: { "aria-label": "Next row" } }),
        button("Any", () => this.#go(Math.floor(Math.random() * this.#rows)), {
          attributes: { title: "A row at random" },
        }),
        this.#of,
      ),
      this.#said,
      this.#asPicture,
      this.#view.element,
      this.#drop,
    );
    this.#number.addEventListener("change", () => this.#go(Number(this.#number.value)));
    this.#file.addEventListener("change", () => this.#file.files?.[0] && void this.#send(this.#file.files[0]));
    this.#listenToDrops();
    store.on("about", () => this.#show());
    store.on("row", () => this.#show());
    store.on("tab", (tab) => {
      this.#isOpen = tab === "row";
      if (this.#isOpen) this.#ask();
    });
    store.on("weights", () => {
      if (!this.#isOpen || store.isTraining && performance.now() < this.#next) return;
      store.pace.want("row", () => this.#ask());
    });
  }

  get #rows(): number {
    return "dropped" in this.store.row ? this.#dropped?.rows ?? 1 : this.store.rows;
  }

  get #at(): number {
    const { row } = this;
    return "row" in row ? row.row : row.dropped;
  }

  get row(): RowName {
    return this.store.row;
  }

  #step(by: number): void {
    this.#go((this.#at + by + this.#rows) % this.#rows);
  }

  #go(to: number): void {
    const row = Math.min(this.#rows - 1, Math.max(0, Math.round(to) || 0));
    this.store.showRow("row" in this.row ? { row } : { dropped: row });
  }

  #show(): void {
    const isDropped = "dropped" in this.row;
    if (!isDropped && this.#at >= this.store.rows) return this.#go(this.store.rows - 1);
    this.#number.value = String(this.#at);
    this.#number.max = String(this.#rows - 1);
    this.#of.textContent = isDropped
      ? `of ${countText(this.#rows)} in ${this.#dropped?.name ?? "the file"}`
      : `of ${countText(this.#rows)} rows`;
    this.#back.hidden = !isDropped;
    this.#ask();
  }

  async #ask(): Promise<void> {
    const { row } = this;
    await this.store.connection.newest("row", "row", { of: row }).then((answer) => {
      if (answer === null || row !== this.row) return;
      const { part, label, mse, latent } = answer;
      this.latent = latent;
      const parts = [
        part && (part === "train" ? "trained on" : `of the ${part} rows`),
        label !== null && `label ${label}`,
        `MSE ${shortText(mse)}`,
      ];
      this.#said.textContent = parts.filter(Boolean).join(" · ");
      const begun = performance.now();
      this.#view.show(answer);
      this.#next = begun + (performance.now() - begun) / SHARE;
    }, (error) => {
      // Dropped rows are gone where the studio was started anew.
      if ("dropped" in row && row === this.row) this.store.showRow({ row: this.store.view.row });
      this.store.fail(error);
    });
  }

  async #send(file: File): Promise<void> {
    try {
      const answer = await fetch(new URL(`drop?name=${encodeURIComponent(file.name)}`, location.href), {
        method: "POST",
        body: file,
      });
      if (!answer.ok) throw new Error(refusalOf(await answer.text()));
      this.#dropped = await this.store.connection.ask("dropped", {});
      this.store.showTab("row");
      this.store.showRow({ dropped: 0 });
    } catch (error) {
      this.store.fail(error);
    }
    this.#file.value = "";
  }

  /** A file may be dropped anywhere on the page. */
  #listenToDrops(): void {
    addEventListener("dragover", (event) => {
      event.preventDefault();
      this.#drop.classList.add("over");
    });
    addEventListener("dragleave", () => this.#drop.classList.remove("over"));
    addEventListener("drop", (event) => {
      event.preventDefault();
      this.#drop.classList.remove("over");
      const file = event.dataTransfer?.files[0];
      if (file) void this.#send(file);
    });
  }
}

/** Why a file was refused: the server answers with an error of the protocol, or with a line of text. */
function refusalOf(text: string): string {
  try {
    const { where, what, hint } = (JSON.parse(text) as { error: { where: string; what: string; hint?: string } }).error;
    return `${where}: ${what}${hint === undefined ? "" : `; ${hint}`}`;
  } catch {
    return text.trim() || "the file was refused";
  }
}
