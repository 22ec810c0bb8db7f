/** log(1 + x) of each value. */
import { z } from "zod";
import { defineCountStep, refuseCounts } from "./step.ts";

export const log1p = defineCountStep({
  kind: "log1p",
  about: "Takes log(1 + x) of each value.",
  settings: z.strictObject({}),
  fitted: z.strictObject({}),
  fit: () => Promise.resolve({}),
  action: () => ({
    does: "change values",
    values: ({ data }) =>
      data.map((value) => {
        if (value > -1) return Math.log1p(value);
        throw refuseCounts("log1p", `the value ${value} has no log(1 + x)`, "leave log1p out, or mend the value");
      }),
  }),
});
