/**
 * Arrays of MATLAB files of version 7.3. What is in cells, and in the fields of several structures, lies elsewhere in the file, and
 * references lead to it.
 */
import { MalformedError, UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import type { Hdf5File } from "../../formats/hdf5.ts";
import type { Hdf5Array } from "../../formats/hdf5_arrays.ts";
import type { ArrayFile } from "./array_files.ts";
import { hdf5Arrays, holdsNumbers, type View } from "./hdf5.ts";
import type { Listed } from "./members.ts";
import { type Stack, stacksOf, withStacks } from "./stacks.ts";

/** MATLAB's words for arrays of numbers. */
const NUMERIC = /^(double|single|logical|u?int(8|16|32|64))$/;
/** Bounds of what references lead to, which may be in circles. */
const DEPTH_MAX = 16, ARRAYS_MAX = 100_000;
const SAVE_FEWER =
  "save the variables that are needed in a file of their own, such as save('F.mat', 'RcvData', '-v7.3')";

const isReferences = ({ type }: Hdf5Array) => type === "reference";

/** The type of an array in MATLAB's words, and whether it holds numbers. */
function look(file: Hdf5File, array: Hdf5Array): { readonly type: string; readonly isNumeric: boolean } {
  const { path, type, complex } = array;
  const word = file.attributeTexts(path, "MATLAB_class")?.[0];
  const isEmpty = file.attribute(path, "MATLAB_empty") === 1;
  const holds = holdsNumbers(array);
  if (isReferences(array)) return { type: word ?? "struct", isNumeric: false };
  if (word === undefined || isEmpty) return { type: isEmpty ? "empty" : type, isNumeric: !isEmpty && holds };
  const shown = complex ? `complex ${word}` : holds ? word : `${type} ${word}`;
  return { type: shown, isNumeric: holds && NUMERIC.test(word) };
}

/** What references lead to: names for arrays elsewhere in the file, and arrays of one shape together. */
interface Followed {
  readonly members: readonly Listed[];
  readonly targets: ReadonlyMap<string, string>;
  readonly stacks: readonly Stack[];
}

function follow(file: Hdf5File, shown: (array: Hdf5Array) => Listed): Followed {
  const byPath = new Map(file.arrays.map((array) => [array.path, array]));
  /** The arrays of each group that is referred to, since a structure is one. */
  const groups = new Map<string, Hdf5Array[]>();
  for (const array of file.arrays) {
    const [, group] = /^(#refs#\/[^/]+)\/./.exec(array.path) ?? [];
    if (group !== undefined) groups.set(group, [...groups.get(group) ?? [], array]);
  }
  const members: Listed[] = [], targets = new Map<string, string>(), counts = new Map<string, number>();
  const add = (name: string, array: Hdf5Array, depth: number): void => {
    if (depth > DEPTH_MAX) throw new MalformedError(file.path, `${name}: references lead more than ${DEPTH_MAX} deep`);
    if (members.length === ARRAYS_MAX) {
      throw new UserError(file.path, `has more than ${countText(ARRAYS_MAX)} arrays`, SAVE_FEWER);
    }
    const member = { ...shown(array), name };
    members.push(member);
    targets.set(name, array.path);
    if (!isReferences(array)) return;
    // A field of several structures, or a cell array.
    const [, structures, field] = member.type === "cell" ? [] : /^(.+)(\/[^/]*)$/.exec(name) ?? [];
    const paths = file.references(array);
    counts.set(structures ?? name, paths.length);
    for (const [i, path] of paths.entries()) {
      const own = structures === undefined ? `${name}{${i + 1}}` : `${structures}(${i + 1})${field}`;
      const target = byPath.get(path);
      if (target !== undefined) add(own, target, depth + 1);
      else for (const inner of groups.get(path) ?? []) add(own + inner.path.slice(path.length), inner, depth + 1);
    }
  };
  // What lies below `#refs#` and the like is only referred to.
  for (const array of file.arrays) if (!array.path.startsWith("#")) add(array.path, array, 0);
  return { members, targets, stacks: stacksOf(members, counts) };
}

export function mat73(file: Hdf5File): ArrayFile {
  const view: View = { reversed: true, seen: (array) => look(file, array) };
  const plain = hdf5Arrays(file, view);
  const listed = new Map(plain.members.map((member) => [member.name, member]));
  const { members, targets, stacks: found } = follow(file, ({ path }) => listed.get(path)!);
  const stacks = new Map(found.map((stack) => [stack.name, stack]));
  const elementsOf = (member: string) => (stacks.get(member)?.elements ?? [member]).map((name) => targets.get(name)!);
  return {
    ...plain,
    members: withStacks(members, found),
    notesOn: (member) => elementsOf(member).flatMap((path) => plain.notesOn(path)),
    shapeOf(member) {
      const shapes = elementsOf(member).map((path) => plain.shapeOf(path));
      const stack = stacks.get(member);
      return stack ? { shape: stack.member.shape, chunks: null } : shapes[0]!;
    },
    async read(member, start, count) {
      const stack = stacks.get(member), elements = elementsOf(member);
      if (stack === undefined) return await plain.read(elements[0]!, start, count);
      const first = stack.element.map(() => 0), counts = stack.element.map(() => 1);
      stack.axes.forEach((axis, i) => {
        first[axis] = start[i + 1]!;
        counts[axis] = count[i + 1]!;
      });
      let all: Float32Array | null = null, inner: readonly number[] = [], size = 0;
      for (let i = 0; i < count[0]!; i++) {
        const { values, strides } = await plain.read(elements[start[0]! + i]!, first, counts);
        [inner, size] = [strides, values.length];
        all ??= new Float32Array(count[0]! * size);
        all.set(values, i * size);
      }
      return { values: all!, strides: [size, ...stack.axes.map((axis) => inner[axis]!)] };
    },
    number: (member) => plain.number(targets.get(member) ?? member),
  };
}
