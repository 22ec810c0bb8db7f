/**
 * Draws the network with WebGL 2. All values of all stages are one texture, and each stage is one quad, so a frame costs what its
 * pixels cost, however many neurons there are. Connections are drawn into pictures of their own (lines.ts, kept.ts).
 */
import * as twgl from "twgl.js";
import { type Colours, colours, rgbOf } from "./colours.ts";
import { cellsOf, type Place } from "./layout.ts";
import { CORNERS, freeBuffers, Lines } from "./lines.ts";
import type { Camera, Drawn } from "./picking.ts";
import * as shaders from "./shaders.ts";
import type { Numbers } from "./types.ts";

/** How the cells of a stage are drawn, as the shader knows it. */
const wayOf = ({ trace, points }: Place): number => points ? 2 : trace ? 1 : 0;

/** What connections look like: the widths of the weakest and the strongest in pixels, and how much they cover. */
function looksOf(count: number): { readonly widths: readonly [number, number]; readonly opacity: number } {
  const widths = count > 20_000 ? [0.3, 1.6] as const : count > 2000 ? [0.4, 2.2] as const : [0.6, 3.2] as const;
  return { widths, opacity: Math.min(0.85, Math.max(0.14, 16 / Math.sqrt(count + 1))) };
}

/** Of those of one neuron: they are above everything else. */
const HIGHLIGHT = { widths: [0.8, 3.5], opacity: 0.9 } as const;

export class Scene {
  readonly #gl: WebGL2RenderingContext;
  readonly #stageProgram: twgl.ProgramInfo;
  readonly #lineProgram: twgl.ProgramInfo;
  readonly #keptProgram: twgl.ProgramInfo;
  readonly #keptQuad: twgl.BufferInfo;
  #places: readonly Place[] = [];
  #stages: { readonly buffers: twgl.BufferInfo; readonly array: twgl.VertexArrayInfo } | null = null;
  #texture: WebGLTexture | null = null;
  #textureHeight = 0;
  /** Whether points have the colour of their part, not that of their value. */
  byPart = false;
  readonly #connections: Lines;
  readonly #highlight: Lines;

  /** @throws {Error} where the browser has no WebGL 2 */
  constructor(readonly canvas: HTMLCanvasElement) {
    const gl = canvas.getContext("webgl2", { antialias: false, alpha: true, premultipliedAlpha: true });
    if (gl === null) throw new Error("this browser has no WebGL 2, with which the network is drawn");
    this.#gl = gl;
    this.#stageProgram = twgl.createProgramInfo(gl, [shaders.STAGE_VERTEX, shaders.STAGE_FRAGMENT]);
    this.#lineProgram = twgl.createProgramInfo(gl, [shaders.LINE_VERTEX, shaders.LINE_FRAGMENT]);
    this.#keptProgram = twgl.createProgramInfo(gl, [shaders.KEPT_VERTEX, shaders.KEPT_FRAGMENT]);
    this.#connections = new Lines(gl, this.#lineProgram);
    this.#highlight = new Lines(gl, this.#lineProgram);
    this.#keptQuad = twgl.createBufferInfoFromArrays(gl, { corner: CORNERS });
  }

  /** @param at where the values of each stage begin */
  setPlaces(places: readonly Place[], at: readonly number[]): void {
    this.#places = places;
    const per = (numComponents: number, data: number[]) => ({
      numComponents,
      data: new Float32Array(data),
      divisor: 1,
    });
    const buffers = twgl.createBufferInfoFromArrays(this.#gl, {
      corner: CORNERS,
      box: per(4, places.flatMap(({ x, y, width, height }) => [x, y, width, height])),
      grid: per(4, places.flatMap(({ columns, rows, maps, perRow }) => [columns, rows, maps, perRow])),
      cells: per(4, places.flatMap(({ gapX, gapY, cellsX, cellsY }) => [gapX, gapY, cellsX, cellsY])),
      source: per(4, places.flatMap((place, i) => [at[i] ?? 0, cellsOf(place), 1, wayOf(place)])),
    });
    if (this.#stages) freeBuffers(this.#gl, this.#stages);
    this.#stages = { buffers, array: twgl.createVertexArrayInfo(this.#gl, [this.#stageProgram], buffers) };
  }

  /** @param at where the values of each stage begin @param scales the value of each stage that has the full colour */
  setValues(values: Numbers, at: readonly number[], scales: readonly number[]): void {
    const gl = this.#gl;
    const width = shaders.TEXTURE_WIDTH, height = Math.max(1, Math.ceil(values.length / width));
    if (this.#texture === null || height !== this.#textureHeight) {
      gl.deleteTexture(this.#texture);
      this.#texture = gl.createTexture();
      this.#textureHeight = height;
      gl.bindTexture(gl.TEXTURE_2D, this.#texture);
      gl.texStorage2D(gl.TEXTURE_2D, 1, gl.R32F, width, height);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    }
    gl.bindTexture(gl.TEXTURE_2D, this.#texture);
    const whole = Math.floor(values.length / width);
    if (whole > 0) {
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, whole, gl.RED, gl.FLOAT, values.subarray(0, whole * width));
    }
    const rest = values.length - whole * width;
    if (rest > 0) {
      gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, whole, rest, 1, gl.RED, gl.FLOAT, values.subarray(whole * width));
    }
    const source = this.#stages?.buffers.attribs?.source?.buffer;
    if (source) {
      const data = this.#places.flatMap((place, i) => [at[i] ?? 0, cellsOf(place), scales[i] || 1, wayOf(place)]);
      gl.bindBuffer(gl.ARRAY_BUFFER, source);
      gl.bufferSubData(gl.ARRAY_BUFFER, 0, new Float32Array(data));
    }
  }

  /** @param atOnce whether those before are of no use any more, as of stages at other places */
  setConnections(all: readonly Drawn[], atOnce = false): void {
    this.#connections.set(all, atOnce);
  }

  /** Connections of one neuron, above everything else. */
  setHighlight(all: readonly Drawn[]): void {
    this.#highlight.set(all, true);
  }

  /** @param ratio pixels of the screen in a pixel of the page */
  #uniforms(camera: Camera, ratio: number, palette: Colours): Record<string, unknown> {
    return {
      camera: [camera.scale * ratio, camera.x * ratio, camera.y * ratio],
      size: [this.canvas.width, this.canvas.height],
      low: palette.low,
      zero: palette.zero,
      high: palette.high,
    };
  }

  /** @returns whether another frame is due, since the picture of the connections is not finished or not of this view */
  draw(camera: Camera, ratio: number, faint: boolean): boolean {
    const gl = this.#gl, palette = colours(), uniforms = this.#uniforms(camera, ratio, palette);
    const { width, height } = this.canvas;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const advance = (lines: Lines, looks: (count: number) => ReturnType<typeof looksOf>) =>
      lines.advance(this.#places, camera, (view) => {
        const { widths, opacity } = looks(lines.count);
        return { ...this.#uniforms(view, ratio, palette), widths: widths.map((width) => width * ratio), opacity };
      });
    const isDue = advance(this.#connections, looksOf), isHighlightDue = advance(this.#highlight, () => HIGHLIGHT);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    this.#drawKept(this.#connections, camera, ratio, uniforms, faint);
    if (this.#stages && this.#texture) {
      gl.useProgram(this.#stageProgram.program);
      twgl.setUniforms(this.#stageProgram, {
        ...uniforms,
        values: this.#texture,
        page: rgbOf(palette.page),
        series: palette.series.flatMap(rgbOf),
        by_part: this.byPart,
      });
      twgl.setBuffersAndAttributes(gl, this.#stageProgram, this.#stages.array);
      gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.#places.length);
    }
    this.#drawKept(this.#highlight, camera, ratio, uniforms, false);
    return isDue || isHighlightDue;
  }

  #drawKept(lines: Lines, camera: Camera, ratio: number, uniforms: Record<string, unknown>, faint: boolean): void {
    const { shown } = lines.kept, gl = this.#gl;
    if (shown === null || lines.count === 0) return;
    const { scale, x, y } = shown.camera, factor = camera.scale / scale;
    const corner = [(camera.x - x * factor) * ratio, (camera.y - y * factor) * ratio];
    const box = [...corner, this.canvas.width * factor, this.canvas.height * factor];
    gl.useProgram(this.#keptProgram.program);
    twgl.setBuffersAndAttributes(gl, this.#keptProgram, this.#keptQuad);
    if (faint) {
      gl.blendColor(0, 0, 0, 0.3);
      gl.blendFunc(gl.CONSTANT_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    }
    twgl.setUniforms(this.#keptProgram, { ...uniforms, camera: [1, 0, 0], box, kept: shown.texture });
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** Draws the connections anew, as with other colours. */
  refresh(): void {
    this.#connections.kept.refresh();
    this.#highlight.kept.refresh();
  }
}
