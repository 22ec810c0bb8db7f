/** Making elements. Everything that comes from outside becomes text, never markup. */

type Child = Node | string | null;

interface Settings {
  readonly class?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly on?: Readonly<Record<string, (event: Event) => void>>;
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  settings: Settings = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (settings.class !== undefined) element.className = settings.class;
  for (const [name, value] of Object.entries(settings.attributes ?? {})) element.setAttribute(name, value);
  for (const [name, listener] of Object.entries(settings.on ?? {})) element.addEventListener(name, listener);
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function button(label: string, run: () => void, settings: Settings = {}): HTMLButtonElement {
  return make(
    "button",
    { ...settings, attributes: { type: "button", ...settings.attributes }, on: { click: run } },
    label,
  );
}

let names = 0;

/** A control below its label. `note`, where there is one, says what the control is about. */
export function field(label: string, control: HTMLElement, ...more: Child[]): HTMLDivElement {
  control.id = `field-${++names}`;
  return make(
    "div",
    { class: "field" },
    make("label", { attributes: { for: control.id } }, label),
    make("div", { class: "with" }, control, ...more),
  );
}

export function checkbox(label: string, checked: boolean, changed: (checked: boolean) => void): HTMLLabelElement {
  const input = make("input", { attributes: { type: "checkbox" }, on: { change: () => changed(input.checked) } });
  input.checked = checked;
  return make("label", { class: "check" }, input, label);
}

export function choice(
  options: readonly (readonly [string, string])[],
  chosen: string,
  changed: (value: string) => void,
): HTMLSelectElement {
  const select = make("select", { on: { change: () => changed(select.value) } });
  for (const [value, label] of options) select.append(make("option", { attributes: { value } }, label));
  select.value = chosen;
  return select;
}

/** A canvas that a text stands for where it is not seen. */
export function picture(label: string, className = "picture"): HTMLCanvasElement {
  return make("canvas", { class: className, attributes: { role: "img", "aria-label": label } });
}

/** A canvas' drawing area in pixels of the page, with its pixels those of the screen. */
export function fitted(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = Math.min(globalThis.devicePixelRatio || 1, 2);
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Offers bytes as a file to be saved. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  make("a", { attributes: { href: url, download: name } }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function saveCanvas(canvas: HTMLCanvasElement, name: string): void {
  canvas.toBlob((blob) => blob && download(blob, `${name}.png`), "image/png");
}
