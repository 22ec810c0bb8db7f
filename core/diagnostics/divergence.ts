/** How far each unit of a variational code is from its prior: what a row tells in it. */
import { list, number, object, text } from "../runs/decode.ts";
import { type Diagnostic, type DiagnosticContext, NoAnswer, short } from "./diagnostic.ts";
import { largestOf } from "./numbers.ts";

export interface DivergenceDiagnostic {
  readonly epoch: number;
  readonly split: string;
  readonly rows: number;
  readonly units: number;
  /** The mean KL divergence of a row in nats, over all units. */
  readonly total: number;
  /** Units that have collapsed to the prior. */
  readonly collapsed: number;
  /** The units of the largest divergence, the largest one first, at most `KEPT`. */
  readonly largest: readonly { readonly unit: number; readonly nats: number }[];
}

const KEPT = 64;

/** Units of a smaller divergence, in nats a row, tell next to nothing of it: they have collapsed to the prior. */
export const COLLAPSED_NATS = 0.01;
export const isCollapsed = (nats: number): boolean => nats < COLLAPSED_NATS;

function run({ epoch, part, sums: { divergence, rows } }: DiagnosticContext): Promise<DivergenceDiagnostic> {
  if (divergence === null) throw new NoAnswer("the encoder does not end with a variational layer");
  return Promise.resolve({
    ...{ epoch, split: part, rows, units: divergence.length },
    total: divergence.reduce((sum, nats) => sum + nats, 0),
    collapsed: divergence.filter(isCollapsed).length,
    largest: largestOf(divergence, KEPT).map((unit) => ({ unit, nats: short(divergence[unit]!) })),
  });
}

export const divergence: Diagnostic<DivergenceDiagnostic> = {
  name: "divergence",
  about: "of a variational code: the KL divergence of each unit from its prior, and which units have collapsed to it",
  cost: "none, because the evaluation of the part has summed it",
  automatic: () => true,
  run: async (context) => await run(context),
  decode: object<DivergenceDiagnostic>({
    epoch: number,
    split: text,
    rows: number,
    units: number,
    total: number,
    collapsed: number,
    largest: list(object<{ unit: number; nats: number }>({ unit: number, nats: number })),
  }),
};
