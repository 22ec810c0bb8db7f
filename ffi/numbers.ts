/** Checks of numbers before they cross into the engine: an optimised FFI call wraps or truncates what does not fit. */
import { EngineError } from "./error.ts";

/** The largest u32. */
export const MAX_U32 = 0xFFFFFFFF;

/** @returns the value, if it is a whole number of `least` to `most`. @throws {EngineError} otherwise. */
export function whole(value: number, name: string, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new EngineError("invalid_argument", `${name}: must be a whole number of ${least} to ${most}, got ${value}`);
}

/** @returns the value, if it is a number of `least` to `most`. @throws {EngineError} otherwise. */
export function within(value: number, name: string, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw new EngineError("invalid_argument", `${name}: must be a number of ${least} to ${most}, got ${value}`);
}

/** A seed as u64. @throws {EngineError} unless it is a whole number of 0 to 2^53 - 1, or a bigint of 0 to 2^64 - 1. */
export function seedOf(value: number | bigint): bigint {
  if (typeof value === "number") return BigInt(whole(value, "seed", 0, Number.MAX_SAFE_INTEGER));
  if (BigInt.asUintN(64, value) === value) return value;
  throw new EngineError("invalid_argument", `seed: must be a whole number of 0 to 2^64 - 1, got ${value}`);
}
