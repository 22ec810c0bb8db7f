/** Programs of the graphics processor: stages as one quad each, connections as thin quads, and a picture of connections that is kept. */
import { CURVE, SERIES } from "./colours.ts";
import { POINT_RADIUS } from "./layout.ts";

/** Of the texture of values, as a power of two. */
const TEXTURE_BITS = 11;
export const TEXTURE_WIDTH = 1 << TEXTURE_BITS;

const HEAD = `#version 300 es
precision highp float;
precision highp int;
`;

/** Of all programs: `camera` is scale, x and y in pixels of the screen, `size` the canvas in the same. */
const TO_CLIP = `
uniform vec3 camera;
uniform vec2 size;
vec4 toClip(vec2 p) {
  vec2 q = (p * camera.x + camera.yz) / size * 2.0 - 1.0;
  return vec4(q.x, -q.y, 0.0, 1.0);
}
`;

const DIVERGING = `
uniform vec3 low, zero, high;
vec3 diverging(float t) {
  return mix(zero, t < 0.0 ? low : high, pow(min(1.0, abs(t)), ${CURVE}));
}
`;

export const STAGE_VERTEX = `${HEAD}${TO_CLIP}
in vec2 corner;
in vec4 box;    // x, y, width, height
in vec4 grid;   // columns, rows, maps, maps in a row
in vec4 cells;  // gap x, gap y, cells x, cells y
in vec4 source; // first value, cells with values, scale of the values, 1 for bars and 2 for points
out vec2 cell;
flat out vec4 of_grid;
flat out vec4 of_cells;
flat out vec4 of_source;
void main() {
  cell = corner * cells.zw;
  of_grid = grid;
  of_cells = cells;
  of_source = source;
  gl_Position = toClip(box.xy + corner * box.zw);
}
`;

export const STAGE_FRAGMENT = `${HEAD}${DIVERGING}
uniform highp sampler2D values;
uniform vec3 page;
uniform vec3 series[${SERIES}];
uniform bool by_part; // whether points have the colour of their map
in vec2 cell;
flat in vec4 of_grid;
flat in vec4 of_cells;
flat in vec4 of_source;
out vec4 color;

float valueOf(int unit) {
  int at = int(of_source.x) + unit;
  return texelFetch(values, ivec2(at & ${TEXTURE_WIDTH - 1}, at >> ${TEXTURE_BITS}), 0).r;
}

void main() {
  vec2 map_size = of_grid.xy, step_size = of_grid.xy + of_cells.xy;
  vec2 map_at = floor(cell / step_size);
  vec2 within = cell - map_at * step_size;
  float map_number = map_at.y * of_grid.w + map_at.x;
  vec2 pixel = fwidth(cell); // cells in a pixel of the screen
  if (map_at.x >= of_grid.w || map_number >= of_grid.z || within.x >= map_size.x || within.y >= map_size.y) discard;
  int first = int(map_number) * int(map_size.x) * int(map_size.y);

  if (of_source.w == 1.0) { // bars of a signal: the value farthest from 0 below this pixel
    int from = int(within.x), count = int(clamp(ceil(pixel.x), 1.0, 24.0));
    float stride = max(1.0, pixel.x / float(count)), far = 0.0;
    for (int i = 0; i < count; i++) {
      int at = from + int(float(i) * stride);
      if (at >= int(map_size.x)) break;
      float value = valueOf(first + at);
      if (abs(value) > abs(far)) far = value;
    }
    float t = far / of_source.z, height = 1.0 - 2.0 * within.y;
    bool inside = t < 0.0 ? height <= 0.0 && height >= t : height >= 0.0 && height <= t;
    bool middle = abs(height) < pixel.y;
    color = vec4(inside ? diverging(sign(t) * max(abs(t), 0.4)) : middle ? mix(zero, page, -0.15) : zero, 1.0);
    return;
  }

  ivec2 at = ivec2(within);
  int unit = first + at.y * int(map_size.x) + at.x;
  if (unit >= int(of_source.y)) discard;
  float value = valueOf(unit);
  if (of_source.w == 2.0) { // points, between which connections are seen
    if (isinf(value)) discard; // no neuron
    vec3 shade = by_part ? series[int(map_number) % ${SERIES}] : isnan(value) ? zero : diverging(value / of_source.z);
    float far = length(fract(within) - 0.5), edge = max(pixel.x, pixel.y), radius = ${POINT_RADIUS};
    float cover = clamp((radius - far) / edge + 0.5, 0.0, 1.0), rim = clamp((far - radius) / edge + 1.5, 0.0, 1.0);
    color = vec4(mix(shade, 1.0 - page, 0.35 * rim), 1.0) * cover;
    return;
  }
  if (pixel.x > 1.0) { // several cells in a pixel: of some of them the value farthest from 0
    int reach = 2;
    for (int j = 0; j < reach; j++) for (int i = 0; i < reach; i++) {
      ivec2 other = min(at + ivec2(float(i) * pixel.x / float(reach), float(j) * pixel.y / float(reach)), ivec2(map_size) - 1);
      int near = first + other.y * int(map_size.x) + other.x;
      if (near >= int(of_source.y)) continue;
      float candidate = valueOf(near);
      if (abs(candidate) > abs(value)) value = candidate;
    }
  }
  if (isnan(value)) { // no value: hatched
    float line = step(0.5, fract((gl_FragCoord.x + gl_FragCoord.y) / 8.0));
    color = vec4(mix(zero, page, 0.6 * line), 1.0);
    return;
  }
  vec3 shade = diverging(value / of_source.z);
  vec2 edge = min(fract(within), 1.0 - fract(within)) / pixel; // pixels to the cell's edge
  float line = 1.0 / max(pixel.x, pixel.y) >= 5.0 ? 1.0 - smoothstep(0.3, 1.0, min(edge.x, edge.y)) : 0.0;
  color = vec4(mix(shade, page, line), 1.0);
}
`;

export const LINE_VERTEX = `${HEAD}${TO_CLIP}
uniform vec2 widths; // in pixels of the screen: of the weakest and the strongest connection
in vec2 corner;      // along, across
in vec4 ends;        // from x, from y, to x, to y
in float weight;     // of -1 to 1
out float across;
out float width;
flat out float strength;
void main() {
  vec2 a = ends.xy * camera.x + camera.yz, b = ends.zw * camera.x + camera.yz;
  vec2 along = b - a;
  vec2 normal = normalize(vec2(-along.y, along.x) + vec2(1e-6, 0.0));
  width = mix(widths.x, widths.y, abs(weight));
  across = (corner.y - 0.5) * (width + 1.0);
  strength = weight;
  vec2 q = (mix(a, b, corner.x) + normal * across) / size * 2.0 - 1.0;
  gl_Position = vec4(q.x, -q.y, 0.0, 1.0);
}
`;

export const LINE_FRAGMENT = `${HEAD}
uniform vec3 low, high;
uniform float opacity;
in float across;
in float width;
flat in float strength;
out vec4 color;
void main() {
  float cover = clamp(0.5 * width + 0.5 - abs(across), 0.0, 1.0) * min(1.0, width);
  float alpha = cover * opacity * (0.12 + 0.88 * abs(strength));
  color = vec4((strength < 0.0 ? low : high) * alpha, alpha);
}
`;

export const KEPT_VERTEX = `${HEAD}${TO_CLIP}
in vec2 corner;
uniform vec4 box;
out vec2 at;
void main() {
  at = vec2(corner.x, 1.0 - corner.y);
  gl_Position = toClip(box.xy + corner * box.zw);
}
`;

export const KEPT_FRAGMENT = `${HEAD}
uniform sampler2D kept;
in vec2 at;
out vec4 color;
void main() {
  color = texture(kept, at);
}
`;
