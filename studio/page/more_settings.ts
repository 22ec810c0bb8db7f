/** Settings of the config that can be given another value while training, besides those with a slider. */
import { button, choice, field, make } from "./dom.ts";
import type { Command, NoiseKey } from "./types.ts";

type Key = Extract<Command, { do: "set" }>["key"];
type More = Exclude<Key, "optimizer.learning_rate" | "data.batch_size" | NoiseKey>;

/** In words; a setting that the present config has no use for is refused by the run. */
const SETTINGS: Readonly<Record<More, string>> = {
  "data.mask_rate": "share of values that are masked",
  "scheduler.warmup_steps": "schedule: steps of warm-up",
  "scheduler.step_epochs": "schedule: epochs between its steps",
  "scheduler.gamma": "schedule: factor of a step",
  "scheduler.min_learning_rate": "schedule: least learning rate",
  "scheduler.rise_share": "schedule: share of the steps in which it rises",
  "scheduler.start_divisor": "schedule: divisor at the start",
  "scheduler.end_divisor": "schedule: divisor at the end",
  "scheduler.patience": "schedule: epochs of patience",
  "scheduler.threshold": "schedule: least improvement",
};

export function moreSettings(send: (command: Command) => void): HTMLElement {
  const options = Object.entries(SETTINGS).map(([key, words]) => [key, words] as const);
  const key = choice(options, options[0]![0], () => {});
  const value = make("input", {
    class: "number",
    attributes: { type: "number", step: "any", min: "0", "aria-label": "Value of the setting" },
  });
  const set = () => {
    if (value.value !== "") send({ do: "set", key: key.value as More, value: Number(value.value) });
  };
  value.addEventListener("keydown", ({ key }) => key === "Enter" && set());
  return make(
    "details",
    {},
    make("summary", {}, "Other settings"),
    field("Setting", key),
    make("div", { class: "with" }, value, button("Set", set)),
  );
}
