/** Arrays of MATLAB files of versions 5 to 7. */
import type { Mat5File } from "../../formats/mat5.ts";
import type { Mat5Array } from "../../formats/mat5_walk.ts";
import { roundingNote } from "../../formats/values.ts";
import { sizeOf } from "../../shapes.ts";
import type { ArrayFile } from "./array_files.ts";
import type { Listed } from "./members.ts";
import { stacksOf, withStacks } from "./stacks.ts";

export function mat5(file: Mat5File): ArrayFile {
  const arrays = new Map<string, Mat5Array>(file.arrays.map((array) => [array.path, array]));
  const own = file.arrays.map(({ path, shape, type, values, isComplex }): Listed => ({
    name: path,
    shape,
    type,
    sparse: type === "sparse",
    isNumeric: values !== undefined,
    isComplex,
  }));
  const stacks = new Map(
    stacksOf(own, new Map(own.map(({ name, shape }) => [name, sizeOf(shape)]))).map((stack) => [stack.name, stack]),
  );
  const elementsOf = (member: string) => stacks.get(member)?.elements ?? [member];
  // What was read last, since the next part is mostly of the same array.
  let last: { readonly member: string; readonly values: Float32Array } | null = null;
  return {
    path: file.path,
    members: withStacks(own, [...stacks.values()]),
    notes: [],
    notesOn: (member) => elementsOf(member).flatMap((name) => roundingNote(arrays.get(name)!.values!)),
    shapeOf: (member) => ({ shape: (stacks.get(member)?.member ?? arrays.get(member)!).shape, chunks: null }),
    async read(member, start) {
      if (last?.member !== member) {
        last = null;
        last = { member, values: await file.load(elementsOf(member)) };
      }
      const { shape, isComplex } = arrays.get(elementsOf(member)[0]!)!, parts = isComplex ? 2 : 1;
      // The first axis changes fastest; one element lies behind another.
      const inner = shape.map((_, axis) => parts * sizeOf(shape.slice(0, axis)));
      const stack = stacks.get(member);
      const strides = stack ? [parts * sizeOf(shape), ...stack.axes.map((axis) => inner[axis]!)] : inner;
      const from = start.reduce((sum, index, axis) => sum + index * strides[axis]!, 0);
      return { values: last.values.subarray(from), strides };
    },
    number: (member) => file.number(member),
    forget: () => void (last = null),
    close: () => void (last = null),
  };
}
