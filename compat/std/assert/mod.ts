/** The part of @std/assert this project uses, over node:assert. */
import nodeAssert from "node:assert/strict";

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

function check(body: () => void, message?: string): void {
  try {
    body();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new AssertionError(message === undefined ? text : `${message}\n${text}`);
  }
}

export function assert(condition: unknown, message = ""): asserts condition {
  if (!condition) throw new AssertionError(message || "expected a truthy value");
}

export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  check(() => nodeAssert.deepStrictEqual(actual, expected), message);
}

export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  check(() => nodeAssert.notDeepStrictEqual(actual, expected), message);
}

export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): asserts actual is T {
  check(() => nodeAssert.strictEqual(actual, expected), message);
}

export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) throw new AssertionError(message ?? `expected a value, got ${actual}`);
}

export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  if (!actual.includes(expected)) {
    throw new AssertionError(`${message ? message + "\n" : ""}expected "${actual}" to include "${expected}"`);
  }
}

export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  if (!expected.test(actual)) {
    throw new AssertionError(`${message ? message + "\n" : ""}expected "${actual}" to match ${expected}`);
  }
}

/** NaN fails. Default tolerance: 1e-7 of the expected value, as std. */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, message?: string): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  if (!(Math.abs(expected - actual) <= allowed)) {
    throw new AssertionError(
      `${message ? message + "\n" : ""}expected ${actual} to be within ${allowed} of ${expected}`,
    );
  }
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

function checkError<E extends Error>(error: unknown, kind?: ErrorClass<E>, includes?: string): E {
  if (!(error instanceof Error)) throw new AssertionError("a non-Error was thrown");
  if (kind && !(error instanceof kind)) {
    throw new AssertionError(`expected ${kind.name}, got ${error.constructor.name}: ${error.message}`);
  }
  if (includes !== undefined && !error.message.includes(includes)) {
    throw new AssertionError(`expected an error message with "${includes}", got "${error.message}"`);
  }
  return error as E;
}

export function assertThrows<E extends Error = Error>(body: () => unknown, kind?: ErrorClass<E>, includes?: string): E {
  let thrown: unknown;
  try {
    body();
  } catch (error) {
    thrown = error;
    return checkError(thrown, kind, includes);
  }
  throw new AssertionError("expected the function to throw");
}

export async function assertRejects<E extends Error = Error>(
  body: () => PromiseLike<unknown>,
  kind?: ErrorClass<E>,
  includes?: string,
): Promise<E> {
  try {
    await body();
  } catch (error) {
    return checkError(error, kind, includes);
  }
  throw new AssertionError("expected the promise to reject");
}

export function fail(message?: string): never {
  throw new AssertionError(message ?? "failed");
}
