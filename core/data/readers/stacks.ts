/** Arrays of one shape in the cells of a cell array, or in a field of several structures, as one array with an axis more. */
import type { Listed } from "./members.ts";

export interface Stack {
  readonly name: string;
  /** Names of the arrays, in order. */
  readonly elements: readonly string[];
  /** Of each of them. */
  readonly element: readonly number[];
  /** The axes of an element that are axes of the stack too: of a vector its only long one. */
  readonly axes: readonly number[];
  readonly member: Listed;
}

/** In front of a cell's or structure's number, the number, and the field behind it. */
const NUMBERED = /^(.*)(?:\{(\d+)\}|\((\d+)\))(\/[^{}()]*)?$/;

/**
 * What the cells of cell arrays, and the fields of several structures, hold together where it is of one shape.
 * @param members `lines{3}`, `scans(2)/rf`, in order
 * @param counts how many cells or structures there are, by the name of what holds them
 */
export function stacksOf(members: readonly Listed[], counts: ReadonlyMap<string, number>): Stack[] {
  const groups = new Map<string, { readonly owner: string; readonly word: string; readonly elements: Listed[] }>();
  for (const member of members) {
    const [, owner, cell, , field = ""] = NUMBERED.exec(member.name) ?? [];
    if (owner === undefined) continue;
    const key = owner + field;
    if (!groups.has(key)) groups.set(key, { owner, word: cell === undefined ? "struct" : "cell", elements: [] });
    groups.get(key)!.elements.push(member);
  }
  return [...groups].flatMap(([name, { owner, word, elements }]) =>
    (elements.length === counts.get(owner) ? stackOf(name, word, elements) : null) ?? []
  );
}

/** @param word what holds them: "cell" @returns null where they are of several shapes, or not all numbers */
function stackOf(name: string, word: string, elements: readonly Listed[]): Stack | null {
  const [first] = elements;
  if (first === undefined) return null;
  const isAlike = elements.every((each) =>
    each.isNumeric && !each.shape.includes(0) && each.shape.join() === first.shape.join() &&
    (each.isComplex ?? false) === (first.isComplex ?? false)
  );
  if (!isAlike) return null;
  const long = first.shape.flatMap((size, axis) => size > 1 ? [axis] : []);
  const axes = long.length > 1 ? first.shape.map((_, axis) => axis) : [long[0] ?? 0];
  const shape = [elements.length, ...axes.map((axis) => first.shape[axis]!)];
  const { isComplex } = first;
  const member = { name, shape, type: `${word} of ${first.type}`, sparse: false, isNumeric: true, isComplex };
  return { name, elements: elements.map((each) => each.name), element: first.shape, axes, member };
}

/** Members with what stands for several of them before the first of these, which are parts then. */
export function withStacks(members: readonly Listed[], stacks: readonly Stack[]): Listed[] {
  const owner = new Map(stacks.flatMap((stack) => stack.elements.map((name) => [name, stack] as const)));
  const names = new Set(stacks.map(({ name }) => name)), told = new Set<Stack>();
  const all: Listed[] = [];
  for (const member of members) {
    const stack = owner.get(member.name);
    if (stack && !told.has(stack)) all.push(stack.member);
    if (stack) told.add(stack);
    if (!names.has(member.name)) all.push(stack ? { ...member, isPart: true } : member);
  }
  return all;
}
