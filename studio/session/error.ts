/** An error as it is answered: where, what, and what to do. */
import { dataError } from "../../core/data/source.ts";
import { NoAnswer } from "../../core/diagnostics/diagnostic.ts";
import { UserError } from "../../core/errors.ts";

export interface Refusal {
  readonly where: string;
  readonly what: string;
  readonly hint?: string;
}

export function errorOf(error: unknown): Refusal {
  const told = dataError(error);
  if (told instanceof UserError) {
    return { where: told.where, what: told.what, ...told.hint === undefined ? {} : { hint: told.hint } };
  }
  const what = told instanceof Error ? told.message : String(told);
  return { where: told instanceof NoAnswer ? "network" : "studio", what };
}
