/** The windows of convolutions and pooling, as numbers for each axis. */
import type { NetworkLayer, Shape } from "./network.ts";

export interface Windows {
  readonly axes: 1 | 2;
  /** The shape of the rows with their channels: rows without one have one channel. */
  readonly input: Shape;
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** Values added before and behind each axis. */
  readonly before: readonly number[];
  readonly behind: readonly number[];
}

/** A setting for each axis: one number stands for all of them. */
export function axesOf(value: unknown, axes: number): number[] {
  return Array.isArray(value) ? value as number[] : new Array(axes).fill(value as number);
}

/** Of rows of as many dimensions as there are axes: they have one channel, which is left out. */
export const withChannels = (shape: Shape, axes: number): Shape => shape.length === axes ? [1, ...shape] : shape;

/** As attributes of operators of ONNX. */
export const paddingOf = ({ kernel, stride, before, behind }: Windows) => ({
  kernel_shape: kernel,
  strides: stride,
  pads: [...before, ...behind],
});

export function windowsOf({ kind, settings, input }: NetworkLayer): Windows {
  const axes = kind.endsWith("1d") ? 1 : 2;
  const kernel = axesOf(settings.kernel, axes);
  const stride = settings.stride === "kernel" ? kernel : axesOf(settings.stride, axes);
  const dilation = axesOf(settings.dilation ?? 1, axes);
  // `same` pads dilation * (kernel - 1) in all, the smaller half of it before.
  const padding = (half: (all: number) => number) =>
    settings.padding === "same"
      ? kernel.map((taps, axis) => half(dilation[axis]! * (taps - 1)))
      : axesOf(settings.padding, axes);
  return {
    axes,
    input: withChannels(input, axes),
    kernel,
    stride,
    dilation,
    before: padding((all) => Math.floor(all / 2)),
    behind: padding((all) => Math.ceil(all / 2)),
  };
}
