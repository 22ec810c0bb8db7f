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
  /** Units of less than `collapsed_below` nats a row, which tell next to nothing of it. */
  readonly collapsed: number;
  readonly collapsed_below: number;
  /** The units of the largest divergence, the largest one first, at most `KEPT`. */
  readonly largest: readonly { readonly unit: number; readonly nats: number }[];
}

const KEPT = 64;

function run({ epoch, part, sums: { divergence, rows } }: DiagnosticContext): Promise<DivergenceDiagnostic> {
  if (divergence === null) throw new NoAnswer("the encoder does not end with a variational layer");
  const { of, collapsedBelow } = divergence;
  return Promise.resolve({
    ...{ epoch, split: part, rows, units: of.length },
    total: of.reduce((sum, nats) => sum + nats, 0),
    collapsed: of.filter((nats) => nats < collapsedBelow).length,
    collapsed_below: collapsedBelow,
    largest: largestOf(of, KEPT).map((unit) => ({ unit, nats: short(of[unit]!) })),
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
    collapsed_below: number,
    largest: list(object<{ unit: number; nats: number }>({ unit: number, nats: number })),
  }),
};
