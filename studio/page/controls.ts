/** What steers the training: buttons, learning rate, batch size, layers whose weights stay. */
import { button, checkbox, field, make } from "./dom.ts";
import { moreSettings } from "./more_settings.ts";
import { noiseSettings } from "./noise_settings.ts";
import { countText, rateText } from "./numbers.ts";
import { sizeText } from "./overlay.ts";
import type { Store } from "./store.ts";
import type { Command, Stage, State } from "./types.ts";

/** The slider of the learning rate holds its decimal logarithm. */
const RATE_LEAST = -6;
const RATE_MOST = 0.5;

/** Layers of the network's lists that have weights, with the stages that have them: one, or those of the layers within it. */
function layersOf(stages: readonly Stage[]): { readonly layer: string; readonly stages: readonly Stage[] }[] {
  const layers = new Map<string, Stage[]>();
  for (const stage of stages) {
    if (stage.parameters.length === 0) continue;
    const layer = stage.name.split(".").slice(0, 2).join(".");
    layers.set(layer, [...layers.get(layer) ?? [], stage]);
  }
  return [...layers].map(([layer, stages]) => ({ layer, stages }));
}

export class Controls {
  readonly element: HTMLElement;
  readonly #go: HTMLButtonElement;
  readonly #buttons: Readonly<Record<"step" | "save" | "stop" | "undo", HTMLButtonElement>>;
  readonly #rate = make("input", {
    attributes: { type: "range", min: `${RATE_LEAST}`, max: `${RATE_MOST}`, step: "0.05" },
  });
  readonly #rateNumber = make("input", {
    class: "number",
    attributes: { type: "number", step: "any", min: "0", "aria-label": "Learning rate as a number" },
  });
  readonly #rateNote = make("p", { class: "note" });
  readonly #batch = make("input", { attributes: { type: "range", min: "0", step: "1" } });
  readonly #batchNumber = make("input", {
    class: "number",
    attributes: { type: "number", step: "1", min: "1", "aria-label": "Batch size as a number" },
  });
  readonly #batchNote = make("p", { class: "note" });
  readonly #layers = make("ul", { class: "layers" });

  constructor(readonly store: Store) {
    this.#go = button("Start", () => this.command({ do: store.isTraining ? "pause" : "continue" }), { class: "main" });
    this.#buttons = {
      step: button("Step", () => this.command({ do: "continue", steps: 1 }), { attributes: { title: "One step" } }),
      save: button("Save", () => this.command({ do: "save" }), { attributes: { title: "Write a checkpoint" } }),
      stop: button("Stop", () => this.command({ do: "stop" }), {
        attributes: { title: "Save and end the training; train --resume goes on" },
      }),
      undo: button("Undo", () => this.undo(), { attributes: { title: "Take back the last edit" } }),
    };
    const reset = button("Reset", () => this.reset(), {
      attributes: { title: "Begin another run of the same config" },
    });
    const { step, save, stop, undo } = this.#buttons;
    this.#set(
      this.#rate,
      this.#rateNumber,
      "optimizer.learning_rate",
      (slider) => Number((10 ** slider).toPrecision(3)),
    );
    this.#set(this.#batch, this.#batchNumber, "data.batch_size", (slider) => 2 ** slider);
    this.element = make(
      "section",
      { class: "controls", attributes: { "aria-label": "Training" } },
      make("div", { class: "buttons" }, this.#go, step, stop, reset, save, undo),
      field("Learning rate", this.#rate, this.#rateNumber),
      this.#rateNote,
      field("Batch size", this.#batch, this.#batchNumber),
      this.#batchNote,
      noiseSettings(store, (command) => this.command(command)),
      make("details", {}, make("summary", {}, "Freeze layers"), this.#layers),
      moreSettings((command) => void this.command(command)),
    );
    store.on("about", () => this.#begin());
    store.on("state", (state) => this.#show(state));
  }

  /** A slider with a number field beside it, which set the same key. */
  #set(
    slider: HTMLInputElement,
    number: HTMLInputElement,
    key: "optimizer.learning_rate" | "data.batch_size",
    valueOf: (slider: number) => number,
  ): void {
    const send = () => {
      const value = Number(number.value);
      if (number.value !== "" && value > 0) void this.command({ do: "set", key, value });
      else this.#show(this.store.state);
    };
    slider.addEventListener("input", () => number.value = String(valueOf(Number(slider.value))));
    slider.addEventListener("change", send);
    number.addEventListener("change", send);
  }

  async command(command: Command): Promise<void> {
    try {
      await this.store.connection.ask("command", { command });
    } catch (error) {
      this.store.fail(error);
      this.#show(this.store.state);
    }
  }

  undo(): void {
    this.store.connection.ask("undo", {}).catch(this.store.fail);
  }

  reset(): void {
    this.store.connection.ask("reset", {}).catch(this.store.fail);
  }

  #begin(): void {
    const { data, network } = this.store.about;
    this.#batch.max = String(Math.max(1, Math.floor(Math.log2(Math.max(2, data.rows.train)))));
    this.#layers.replaceChildren(
      ...layersOf(network.stages).map(({ layer, stages }) => {
        const frozen = checkbox(layer, false, (on) => void this.command({ do: "freeze", layer, frozen: on }));
        const input = frozen.querySelector("input")!, isEditable = stages.every(({ editable }) => editable);
        input.disabled = !isEditable;
        input.dataset.layer = layer;
        const note = isEditable
          ? stages.map((stage) => `${stage.kinds.join(" + ")}, ${sizeText(stage)}`).join("; ")
          : "solved for, so it cannot be frozen";
        return make("li", {}, frozen, make("span", { class: "note" }, note));
      }),
    );
  }

  #show(state: State): void {
    const { phase } = state, live = phase === "paused" || phase === "training";
    this.#go.textContent = phase === "training" ? "Pause" : "Start";
    this.#go.disabled = !live;
    this.#buttons.step.disabled = phase !== "paused";
    this.#buttons.save.disabled = this.#buttons.stop.disabled = !live;
    this.#buttons.undo.disabled = !live || state.edits === 0;
    for (const input of [this.#rate, this.#rateNumber, this.#batch, this.#batchNumber]) input.disabled = !live;
    const free = (input: HTMLInputElement, value: string) => {
      if (document.activeElement !== input) input.value = value;
    };
    free(this.#rate, String(Math.log10(state.learning_rate)));
    free(this.#rateNumber, String(Number(state.learning_rate.toPrecision(6))));
    this.#rateNote.textContent = state.step_rate === null || rateText(state.step_rate) === rateText(state.learning_rate)
      ? ""
      : `The schedule makes it ${rateText(state.step_rate)} at this step.`;
    const batch = state.next_batch_size ?? state.batch_size;
    free(this.#batch, String(Math.log2(batch)));
    free(this.#batchNumber, String(batch));
    this.#batchNote.textContent = batch === state.batch_size
      ? ""
      : `Batches have ${countText(state.batch_size)} rows until those so far are whole batches of the new size.`;
    for (const input of this.#layers.querySelectorAll("input")) {
      input.checked = state.frozen.includes(input.dataset.layer!);
    }
  }
}
