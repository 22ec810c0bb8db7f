/**
 * Deep equality with @std/assert's meaning: NaN equals NaN, 0 equals -0, a key that holds undefined differs from no key,
 * an object without prototype equals a plain one, maps and sets are compared without order.
 */
export function equal(actual: unknown, expected: unknown): boolean {
  return new Comparison().equal(actual, expected);
}

class Comparison {
  /** Pairs being compared further up: equal as far as they are concerned, so that circles end. */
  readonly #open = new Map<object, Set<object>>();

  equal(a: unknown, b: unknown): boolean {
    if (a === b || Object.is(a, b)) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    if (kindOf(a) !== kindOf(b)) return false;
    if (ArrayBuffer.isView(a) && !(a instanceof DataView)) return equalElements(a, b as typeof a);
    if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
    if (a instanceof RegExp || a instanceof URL) return String(a) === String(b);
    if (a instanceof Error && (a.name !== (b as Error).name || a.message !== (b as Error).message)) return false;
    const partners = this.#open.get(a) ?? new Set();
    if (partners.has(b)) return true;
    this.#open.set(a, partners.add(b));
    const result = this.#equalContents(a, b);
    partners.delete(b);
    return result;
  }

  #equalContents(a: object, b: object): boolean {
    if (a instanceof Map) return this.#equalUnordered(a, b as Map<unknown, unknown>);
    if (a instanceof Set) return this.#equalUnordered(a, b as Set<unknown>);
    if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false;
    const keys = enumerableKeys(a);
    if (keys.length !== enumerableKeys(b).length) return false;
    const [left, right] = [a, b] as Record<PropertyKey, unknown>[];
    return keys.every((key) => Object.hasOwn(b, key) && this.equal(left![key], right![key]));
  }

  /** Each element (of a map: key and value) has an equal one on the other side, none used twice. */
  #equalUnordered(a: Iterable<unknown>, b: Iterable<unknown>): boolean {
    const left = new Set(b);
    for (const element of a) {
      // The first one left is equal where both sides are in the same order.
      const found = left.has(element)
        ? [element]
        : [...left.values().filter((other) => this.equal(element, other)).take(1)];
      if (found.length === 0) return false;
      left.delete(found[0]);
    }
    return left.size === 0;
  }
}

function enumerableKeys(object: object): PropertyKey[] {
  return Reflect.ownKeys(object).filter((key) => Object.prototype.propertyIsEnumerable.call(object, key));
}

/** The constructor, where plain objects with and without a prototype are of one kind. */
function kindOf(value: object): unknown {
  return value.constructor ?? Object;
}

function equalElements(a: ArrayBufferView, b: ArrayBufferView): boolean {
  const [left, right] = [a, b] as unknown as ArrayLike<number | bigint>[];
  if (left!.length !== right!.length) return false;
  for (let i = 0; i < left!.length; i++) {
    if (left![i] !== right![i] && !Object.is(left![i], right![i])) return false;
  }
  return true;
}
