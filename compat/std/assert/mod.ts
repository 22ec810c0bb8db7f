/** The part of @std/assert this project uses; differences between values are shown by node:assert. */
import nodeAssert from "node:assert/strict";
import { equal } from "./equal.ts";

export { equal };

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

function withMessage(message: string | undefined, text: string): AssertionError {
  return new AssertionError(message ? `${message}\n${text}` : text);
}

/** Both values, with the lines that differ marked where they are few enough to compare. */
function difference(actual: unknown, expected: unknown): string {
  try {
    nodeAssert.deepStrictEqual(actual, expected);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return `expected ${Deno.inspect(expected)}, got ${Deno.inspect(actual)}`;
}

export function assert(condition: unknown, message = ""): asserts condition {
  if (!condition) throw new AssertionError(message);
}

export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  if (!equal(actual, expected)) throw withMessage(message, difference(actual, expected));
}

export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  if (equal(actual, expected)) throw withMessage(message, `expected anything but ${Deno.inspect(actual)}`);
}

/** Object.is: NaN is NaN, and 0 is not -0. */
export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): asserts actual is T {
  if (Object.is(actual, expected)) return;
  throw withMessage(message, `expected ${Deno.inspect(expected)} itself, got ${Deno.inspect(actual)}`);
}

export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) throw withMessage(message, `expected a value, got ${actual}`);
}

export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  if (!actual.includes(expected)) throw withMessage(message, `expected "${actual}" to include "${expected}"`);
}

export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  if (!expected.test(actual)) throw withMessage(message, `expected "${actual}" to match ${expected}`);
}

/** NaN fails against a number. Default tolerance: 1e-7 of the expected value. */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, message?: string): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  if (!(Math.abs(expected - actual) <= allowed)) {
    throw withMessage(message, `expected ${actual} to be within ${allowed} of ${expected}`);
  }
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

function checkError<E extends Error>(error: unknown, kind: ErrorClass<E>, includes = "", message?: string): E {
  if (!(error instanceof Error)) throw withMessage(message, `expected an Error, got ${Deno.inspect(error)}`);
  if (!(error instanceof kind)) {
    throw withMessage(message, `expected ${kind.name}, got ${error.constructor.name}: ${error.message}`);
  }
  if (!error.message.includes(includes)) {
    throw withMessage(message, `expected an error message with "${includes}", got "${error.message}"`);
  }
  return error;
}

/** Returns what the function throws. */
export function assertThrows(body: () => unknown, message?: string): unknown;
/** Likewise, which must be of this class, its message including a text. */
export function assertThrows<E extends Error = Error>(
  body: () => unknown,
  kind: ErrorClass<E>,
  includes?: string,
  message?: string,
): E;
export function assertThrows(
  body: () => unknown,
  kind?: ErrorClass<Error> | string,
  includes?: string,
  message?: string,
): unknown {
  const note = typeof kind === "string" ? kind : message;
  let thrown: unknown;
  try {
    body();
  } catch (error) {
    thrown = error;
    return typeof kind === "function" ? checkError(thrown, kind, includes, note) : thrown;
  }
  throw withMessage(note, "expected the function to throw");
}

/** Returns what the promise rejects with. */
export function assertRejects(body: () => PromiseLike<unknown>, message?: string): Promise<unknown>;
/** Likewise, which must be of this class, its message including a text. */
export function assertRejects<E extends Error = Error>(
  body: () => PromiseLike<unknown>,
  kind: ErrorClass<E>,
  includes?: string,
  message?: string,
): Promise<E>;
export async function assertRejects(
  body: () => PromiseLike<unknown>,
  kind?: ErrorClass<Error> | string,
  includes?: string,
  message?: string,
): Promise<unknown> {
  const note = typeof kind === "string" ? kind : message;
  let promise: PromiseLike<unknown>;
  try {
    promise = body();
  } catch (error) {
    throw withMessage(note, `expected the promise to reject, but the function threw ${error}`);
  }
  try {
    await promise;
  } catch (error) {
    return typeof kind === "function" ? checkError(error, kind, includes, note) : error;
  }
  throw withMessage(note, "expected the promise to reject");
}

export function fail(message?: string): never {
  throw new AssertionError(message ? `failed: ${message}` : "failed");
}
