/** The journal: every command that the run has taken. */
import { make } from "./dom.ts";
import { countText, exactText } from "./numbers.ts";
import type { Store } from "./store.ts";
import type { Command, Edit } from "./types.ts";

const LINES = 500;

export class JournalTab {
  readonly element: HTMLElement;
  readonly #body = make("tbody");
  readonly #said = make("p", { class: "note" });

  constructor(readonly store: Store) {
    this.element = make(
      "div",
      {},
      make(
        "p",
        { class: "note" },
        "Every command is in the run folder's edits.jsonl; ",
        make("span", { class: "whole" }, "train --replay"),
        " repeats them to the bit.",
      ),
      make(
        "div",
        { class: "scroll", attributes: { tabindex: "0", role: "region", "aria-label": "Journal of commands" } },
        make(
          "table",
          {},
          make(
            "thead",
            {},
            make(
              "tr",
              {},
              ...["", "step", "command", "before"].map((name) =>
                make("th", { attributes: { scope: "col" } }, name || "no.")
              ),
            ),
          ),
          this.#body,
        ),
      ),
      this.#said,
    );
    store.on("about", () => this.#load());
    store.on("edit", (edit) => this.#add(edit));
  }

  #load(): void {
    this.store.connection.ask("journal", { last: LINES }).then(({ edits }) => {
      this.#body.replaceChildren(...[...edits].reverse().map(lineOf));
      this.#say();
    }, () => {});
  }

  #add(edit: Edit): void {
    this.#body.prepend(lineOf(edit));
    while (this.#body.rows.length > LINES) this.#body.lastElementChild!.remove();
    this.#say();
  }

  #say(): void {
    this.#said.textContent = this.#body.rows.length === 0 ? "No command yet." : "";
  }
}

function lineOf({ edit, step, command, before, at }: Edit): HTMLTableRowElement {
  const line = make(
    "tr",
    {},
    make("td", {}, String(edit)),
    make("td", {}, countText(step)),
    make("td", {}, commandText(command)),
    make(
      "td",
      {},
      before === undefined ? "" : typeof before === "number" ? exactText(before) : before ? "frozen" : "trained",
    ),
  );
  line.title = at;
  return line;
}

/** A command in words. */
export function commandText(command: Command): string {
  switch (command.do) {
    case "set":
      return `${command.key} = ${exactText(command.value)}`;
    case "freeze":
      return `${command.layer} ${command.frozen ? "frozen" : "trained again"}`;
    case "write":
      return `${command.tensor}[${command.at.join(", ")}] = ${exactText(command.value)}`;
    case "continue":
      return command.steps === undefined
        ? "go on"
        : `go on for ${countText(command.steps)} ${command.steps === 1 ? "step" : "steps"}`;
    default:
      return command.do;
  }
}
