import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertExists,
  AssertionError,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
} from "@std/assert";

class A {
  constructor(readonly x: number) {}
}
class B {
  constructor(readonly x: number) {}
}

function circle(depth: number): unknown {
  const object: Record<string, unknown> = { depth };
  object.self = object;
  return object;
}

const bare: Record<string, unknown> = Object.assign(Object.create(null), { a: 1 });

const SAME: readonly (readonly [unknown, unknown])[] = [
  [NaN, NaN],
  [0, -0],
  [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }],
  [bare, { a: 1 }],
  [new Map([["a", { x: 1 }], ["b", { x: 2 }]]), new Map([["b", { x: 2 }], ["a", { x: 1 }]])],
  [new Map([[{ k: 1 }, 1]]), new Map([[{ k: 1 }, 1]])],
  [new Set([1, undefined, { a: 1 }]), new Set([{ a: 1 }, undefined, 1])],
  [new Date(5), new Date(5)],
  [new Date(NaN), new Date(NaN)],
  [/a/g, /a/g],
  [new URL("http://a/b"), new URL("http://a/b")],
  [new Float32Array([1, NaN]), new Float32Array([1, NaN])],
  [new Uint8Array([9, 1, 2]).subarray(1), new Uint8Array([1, 2])],
  [circle(1), circle(1)],
  [new A(1), new A(1)],
];

const DIFFERENT: readonly (readonly [unknown, unknown])[] = [
  [{ a: undefined }, {}],
  [{ a: undefined }, { b: undefined }],
  [null, undefined],
  [1, "1"],
  [1n, 1],
  [[1, 2], [2, 1]],
  [[1], [1, undefined]],
  [[1], { 0: 1 }],
  [new Map([["a", 1]]), new Map([["a", 2]])],
  [new Map([["a", undefined]]), new Map([["b", undefined]])],
  [new Set([1, undefined]), new Set([undefined, 2])],
  [new Set([{ a: 1 }, { a: 1 }]), new Set([{ a: 1 }, { a: 2 }])],
  [new Set([1]), new Map([[1, 1]])],
  [new Date(5), new Date(6)],
  [/a/g, /a/i],
  [new Float32Array([1]), new Float64Array([1])],
  [new Float32Array([1]), new Float32Array([1, 2])],
  [new A(1), new B(1)],
  [new A(1), { x: 1 }],
  [new Error("a"), new Error("b")],
  [circle(1), circle(2)],
  [{ [Symbol.iterator]: 1 }, {}],
];

Deno.test("equality is @std/assert's", () => {
  for (const [a, b] of SAME) {
    assertEquals(a, b);
    assertEquals(b, a);
    assertThrows(() => assertNotEquals(a, b), AssertionError);
  }
  for (const [a, b] of DIFFERENT) {
    assertNotEquals(a, b);
    assertNotEquals(b, a);
    assertThrows(() => assertEquals(a, b), AssertionError);
  }
  assert(equal(NaN, NaN) && !equal(null, undefined));
});

Deno.test("a failed assertion has the given message and is an AssertionError", () => {
  const failures: (() => void)[] = [
    () => assert(0, "note"),
    () => assertEquals<unknown>({ a: 1 }, { a: 2 }, "note"),
    () => assertNotEquals(1, 1, "note"),
    () => assertStrictEquals({}, {}, "note"),
    () => assertExists(null, "note"),
    () => assertStringIncludes("abc", "d", "note"),
    () => assertMatch("abc", /d/, "note"),
    () => assertAlmostEquals(1, 2, 0.5, "note"),
    () => assertThrows(() => {}, "note"),
    () => assertThrows(() => {}, Error, "", "note"),
    () => fail("note"),
  ];
  for (const failure of failures) assertThrows(failure, AssertionError, "note");
});

Deno.test("strict equality is Object.is", () => {
  assertStrictEquals(NaN, NaN);
  assertThrows(() => assertStrictEquals(0, -0), AssertionError);
  assertThrows(() => assertStrictEquals([1], [1]), AssertionError);
});

Deno.test("nearly equal: NaN fails, the tolerance is 1e-7 of the expected value", () => {
  assertAlmostEquals(1e6, 1e6 + 0.05);
  assertAlmostEquals(NaN, NaN);
  assertAlmostEquals(1, 1.4, 0.5);
  assertThrows(() => assertAlmostEquals(1e6, 1e6 + 0.2), AssertionError);
  assertThrows(() => assertAlmostEquals(NaN, 1, 100), AssertionError);
  assertThrows(() => assertAlmostEquals(1, NaN, 100), AssertionError);
  assertThrows(() => assertAlmostEquals(Infinity, -Infinity), AssertionError);
});

Deno.test("assertThrows and assertRejects return the error, and check class and message", async () => {
  const throwing = () => {
    throw new RangeError("too far");
  };
  assertEquals(assertThrows(throwing, RangeError, "far").message, "too far");
  assertEquals(
    assertThrows(() => {
      throw "text";
    }),
    "text",
  );
  assertThrows(() => assertThrows(throwing, TypeError), AssertionError, "expected TypeError, got RangeError");
  assertThrows(() => assertThrows(throwing, RangeError, "near"), AssertionError, "near");
  const rejecting = () => Promise.reject(new RangeError("too far"));
  assertEquals((await assertRejects(rejecting, RangeError, "far")).message, "too far");
  await assertRejects(() => assertRejects(rejecting, TypeError), AssertionError);
  await assertRejects(() => assertRejects(() => Promise.resolve(1)), AssertionError, "to reject");
  await assertRejects(() => assertRejects(throwing), AssertionError, "the function threw");
});
