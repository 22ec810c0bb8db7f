/** The line at the top: what is open, and where its training stands. */
import { make } from "./dom.ts";
import { countText } from "./numbers.ts";
import type { Store } from "./store.ts";
import type { State } from "./types.ts";

const PHASES: Readonly<Record<State["phase"], string>> = {
  preparing: "preparing",
  paused: "paused",
  training: "training",
  ended: "ended",
  failed: "failed",
};

const NOTE_MS = 12_000;
/** A command as a run notes it. */
const ECHO = /^step \d+: \{"do":/;

export class Header {
  readonly element: HTMLElement;
  readonly #title = make("h1");
  readonly #run = make("span", { class: "run" });
  readonly #badge = make("span", { class: "badge", attributes: { role: "status" } });
  readonly #where = make("span", { class: "where" });
  readonly #note = make("p", { class: "message", attributes: { role: "status" } });
  #timer = 0;

  constructor(readonly store: Store) {
    this.element = make(
      "header",
      {},
      make("div", { class: "names" }, this.#title, this.#run),
      this.#note,
      make("div", { class: "standing" }, this.#where, this.#badge),
    );
    this.#note.hidden = true;
    store.on("about", ({ title, run }) => {
      this.#title.textContent = title;
      document.title = `${title} – Narrows studio`;
      this.#run.textContent = run.name === title ? "" : run.name;
      this.#run.title = run.path;
    });
    store.on("state", (state) => this.#show(state));
    store.on("connected", (connected) => {
      document.documentElement.classList.toggle("apart", !connected);
      if (connected) this.#hideNote();
      else this.#say("The studio does not answer. The page goes on once it does.", true, false);
    });
    // Commands are in the journal, in words.
    store.on("note", ({ text, warning }) => ECHO.test(text) || this.#say(text, warning, true));
  }

  #show({ phase, step, epoch, steps_per_epoch, reason }: State): void {
    this.#badge.textContent = PHASES[phase];
    this.#badge.className = `badge ${phase}`;
    this.#badge.title = reason ?? "";
    const within = steps_per_epoch > 0 ? ` (${countText(steps_per_epoch)} steps each)` : "";
    this.#where.replaceChildren(
      "step ",
      make("b", {}, countText(step)),
      " · epoch ",
      make("b", {}, countText(epoch)),
      make("span", { class: "wide-only" }, within),
    );
    if (reason && (phase === "failed" || phase === "ended")) this.#say(reason, phase === "failed", false);
  }

  #say(text: string, warning: boolean, passes: boolean): void {
    clearTimeout(this.#timer);
    this.#note.textContent = text;
    this.#note.title = text;
    this.#note.classList.toggle("warning", warning);
    this.#note.hidden = false;
    if (passes) this.#timer = setTimeout(() => this.#hideNote(), NOTE_MS) as unknown as number;
  }

  #hideNote(): void {
    this.#note.hidden = true;
  }
}
