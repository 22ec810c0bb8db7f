/** Steps as they are written in `data.steps`. */
import type { z } from "zod";
import { nearest } from "../../config/nearest.ts";
import { UserError } from "../../errors.ts";

/** What is known of a step before its settings are read. */
export interface Known {
  readonly kind: string;
  readonly settings: z.ZodType;
  readonly short?: (value: unknown) => unknown;
}

/** A step with its settings. */
export interface Chosen<S extends Known> {
  readonly step: S;
  readonly settings: unknown;
}

/** The kind of a written step, where it has one. */
export function kindOf(written: unknown): string | undefined {
  const kind = typeof written === "object" && written !== null && !Array.isArray(written)
    ? Object.keys(written)[0]
    : written;
  return typeof kind === "string" ? kind : undefined;
}

/** What steps there are, for messages. */
export interface Told {
  /** All kinds, also those that are not for this kind of data. */
  readonly kinds: readonly string[];
  /** The page that describes them. */
  readonly page: string;
}

/**
 * A step as it is written: a bare name, or a map whose first key is its kind, with a value or a map of settings beside it.
 * @param where the key of the config, for messages
 * @throws {UserError}
 */
export function readStep<S extends Known>(
  written: unknown,
  where: string,
  steps: readonly S[],
  { kinds, page }: Told,
): Chosen<S> {
  const isMap = typeof written === "object" && written !== null && !Array.isArray(written);
  const kind = kindOf(written);
  const step = steps.find((each) => each.kind === kind);
  if (step === undefined) {
    const meant = kind === undefined ? undefined : nearest(kind, kinds);
    const hint = meant ? `did you mean ${meant}?` : `the steps are ${kinds.join(", ")}`;
    throw new UserError(where, `${JSON.stringify(kind ?? written) ?? written} is not a step`, hint);
  }
  if (isMap && Object.keys(written).length > 1) {
    throw new UserError(where, `${kind} has other keys beside it`, `write {${kind}: {...}} with its settings inside`);
  }
  const value = isMap ? Object.values(written)[0] : undefined;
  const isSettings = value === undefined || value === null || (typeof value === "object" && !Array.isArray(value));
  if (!isSettings && step.short === undefined) {
    throw new UserError(where, `${kind} takes settings by name, got ${JSON.stringify(value)}`);
  }
  const parsed = step.settings.safeParse(isSettings ? value ?? {} : step.short!(value));
  if (parsed.success) return { step, settings: parsed.data };
  const [issue] = parsed.error.issues;
  throw new UserError([where, kind, ...issue!.path].join("."), issue!.message, `see ${page} for ${kind}`);
}
