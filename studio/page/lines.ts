/** Connections of one kind, as lines on the graphics processor and as the picture that is made of them. */
import * as twgl from "twgl.js";
import { CHUNK, KeptPicture } from "./kept.ts";
import { type Place, unitBox } from "./layout.ts";
import type { Camera, Drawn } from "./picking.ts";

export const CORNERS = { numComponents: 2, data: new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]) };

interface Part {
  readonly buffers: twgl.BufferInfo;
  readonly array: twgl.VertexArrayInfo;
  readonly count: number;
}

export function freeBuffers(gl: WebGL2RenderingContext, { buffers, array }: Pick<Part, "buffers" | "array">): void {
  for (const attribute of Object.values(buffers.attribs ?? {})) gl.deleteBuffer(attribute.buffer ?? null);
  gl.deleteVertexArray(array.vertexArrayObject ?? null);
}

export class Lines {
  readonly kept: KeptPicture;
  /** Parts of which the picture is drawn, the weakest connections of each pair of layers first. */
  #parts: readonly Part[] = [];
  #next: readonly Drawn[] | null = null;
  /** Number of connections. */
  count = 0;

  constructor(readonly gl: WebGL2RenderingContext, readonly program: twgl.ProgramInfo) {
    this.kept = new KeptPicture(gl);
  }

  /** @param atOnce whether the picture of those before is of no use any more */
  set(all: readonly Drawn[], atOnce: boolean): void {
    this.#next = all;
    if (atOnce) this.kept.clear();
    this.kept.refresh();
  }

  /**
   * Draws what is due of the picture.
   * @param uniforms of a view
   * @returns whether more is to be done in the next frame
   */
  advance(places: readonly Place[], camera: Camera, uniforms: (view: Camera) => Record<string, unknown>): boolean {
    if (this.#next && !this.kept.isDrawing) this.#take(this.#next, places);
    const due = this.count > 0 && this.kept.advance(camera, this.#parts.length, (index, view) => {
      const { gl, program } = this, part = this.#parts[index]!;
      gl.useProgram(program.program);
      twgl.setUniforms(program, uniforms(view));
      twgl.setBuffersAndAttributes(gl, program, part.array);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, part.count);
    });
    return due || this.#next !== null;
  }

  #take(all: readonly Drawn[], places: readonly Place[]): void {
    for (const part of this.#parts) freeBuffers(this.gl, part);
    this.#next = null;
    this.count = all.reduce((sum, { weights }) => sum + weights.from.length, 0);
    if (this.count === 0) this.kept.clear();
    const ends = new Float32Array(4 * this.count), weight = new Float32Array(this.count);
    let at = this.count;
    for (const { from, to, weights } of all) {
      const [a, b] = [places[from]!, places[to]!];
      const most = weights.weight.reduce((value, other) => Math.max(value, Math.abs(other)), 0) || 1;
      for (let i = 0; i < weights.from.length; i++) {
        const start = unitBox(a, weights.from[i]!), end = unitBox(b, weights.to[i]!);
        at--;
        ends[4 * at] = start.x + start.width / 2;
        ends[4 * at + 1] = start.y + start.height / 2;
        ends[4 * at + 2] = end.x + end.width / 2;
        ends[4 * at + 3] = end.y + end.height / 2;
        weight[at] = weights.weight[i]! / most;
      }
    }
    this.#parts = Array.from({ length: Math.ceil(this.count / CHUNK) }, (_, i) => {
      const from = i * CHUNK, to = Math.min(this.count, from + CHUNK);
      const buffers = twgl.createBufferInfoFromArrays(this.gl, {
        corner: CORNERS,
        ends: { numComponents: 4, data: ends.subarray(4 * from, 4 * to), divisor: 1 },
        weight: { numComponents: 1, data: weight.subarray(from, to), divisor: 1 },
      });
      return { buffers, array: twgl.createVertexArrayInfo(this.gl, [this.program], buffers), count: to - from };
    });
  }
}
