/** One weight: a slider and a number field, which write it into the engine, and the way back to what was saved. */
import { button, make } from "./dom.ts";
import { exactText } from "./numbers.ts";
import type { Store } from "./store.ts";
import type { Weight } from "./listed.ts";

export interface WeightField {
  readonly element: HTMLElement;
  /** Shows the engine's value, where none is being edited. */
  show(value: number): void;
  /** Whether the engine takes another value. */
  allow(editable: boolean): void;
}

const SLIDER_LEAST = 0.5;

/** Neurons within a layer without the layer's name, for which there is no room. */
const shortOf = (label: string): string => label.replace(/\w+\.\d+\.(?=[a-z])/, "");

/** @param label what the weight is, in words */
export function weightField(store: Store, { tensor, at, value }: Weight, label: string): WeightField {
  const name = `${tensor}[${at.join(", ")}]`;
  const reach = Math.max(SLIDER_LEAST, 2.5 * Math.abs(value));
  const slider = make("input", {
    attributes: {
      type: "range",
      step: "any",
      min: String(-reach),
      max: String(reach),
      "aria-label": label,
      title: name,
    },
  });
  const number = make("input", {
    class: "number",
    attributes: { type: "number", step: "any", "aria-label": `${label} as a number`, title: name },
  });
  let current = value, sending = false, waiting: number | null = null;
  /** The newest value wins; each one that is sent is a line of the journal. */
  const write = async (next: number) => {
    waiting = next;
    if (sending) return;
    sending = true;
    while (waiting !== null) {
      const value: number = waiting;
      waiting = null;
      try {
        await store.connection.ask("command", { command: { do: "write", tensor, at, value } });
        current = value;
      } catch (error) {
        store.fail(error);
        if (waiting === null) put(current);
      }
    }
    sending = false;
  };
  const slide = (now: number) => {
    const most = Math.max(Number(slider.max), Math.abs(now));
    [slider.min, slider.max, slider.value] = [String(-most), String(most), String(now)];
  };
  const put = (now: number) => {
    number.value = exactText(now);
    slide(now);
  };
  const show = (now: number) => {
    current = now;
    if (document.activeElement !== number || number.disabled) number.value = exactText(now);
    if (document.activeElement !== slider || slider.disabled) slide(now);
  };
  slider.addEventListener("input", () => number.value = exactText(Math.fround(Number(slider.value))));
  slider.addEventListener("change", () => void write(Math.fround(Number(slider.value))));
  number.addEventListener("change", () => {
    const next = Number(number.value);
    if (number.value === "" || !Number.isFinite(next)) return put(current);
    slide(next);
    void write(next);
  });
  const back = button("Saved", () => {
    store.connection.ask("saved", { tensor, at }).then((saved) => {
      put(saved.value);
      return write(saved.value);
    }).catch(store.fail);
  }, {
    class: "quiet",
    attributes: { "aria-label": `Back to saved: ${label}`, title: "Back to the value of the latest checkpoint" },
  });
  const allow = (editable: boolean) => {
    slider.disabled = number.disabled = back.disabled = !editable;
  };
  const text = make(
    "span",
    { class: "name", attributes: { title: `${label}: ${name}`, "aria-hidden": "true" } },
    shortOf(label),
  );
  show(value);
  return { element: make("div", { class: "weight" }, text, slider, number, back), show, allow };
}
