// A device from its first byte to its last, as a grid of cells. Each layer has its own shape besides its colour: what is in
// memory or on disk fills a cell from below, zeroes are hatched, what is on its way has a frame, what was just read has a dot.

export const LAYERS = [
  { key: "memory", label: "in memory" },
  { key: "disk", label: "on disk" },
  { key: "zero", label: "known zero" },
  { key: "fetching", label: "being fetched" },
  { key: "recent", label: "just read" },
];

const RECENT = 4; // seconds
const LARGEST_CELL = 24;
const SMALLEST_CELL = 10;
const MOST_COLUMNS = 64;

/** The cells of a map: shares from 0 to 1, and for `recent` 1 to 0 by age. */
export function decode(map) {
  const share = text => Float32Array.from(text, digit => parseInt(digit, 16) / 15);
  return {
    length: map.cellLength,
    count: map.cells,
    memory: share(map.memory),
    disk: share(map.disk),
    zero: share(map.zero),
    fetching: share(map.fetching),
    ages: Uint8Array.from(map.recent, digit => parseInt(digit, 16)),
    recent: Float32Array.from(map.recent, digit => parseInt(digit, 16) < RECENT ? 1 : 0),
  };
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = name => style.getPropertyValue(`--map-${name}`).trim();
  return { empty: of("empty"), zero: of("zero"), disk: of("disk"), memory: of("memory"), fetching: of("fetching"), recent: of("recent") };
}

function prepare(canvas, width, height) {
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const draw = canvas.getContext("2d");
  draw.setTransform(scale, 0, 0, scale, 0, 0);
  draw.clearRect(0, 0, width, height);
  return draw;
}

function hatch(draw, x, y, width, height, colour) {
  draw.save();
  draw.beginPath();
  draw.rect(x, y, width, height);
  draw.clip();
  draw.strokeStyle = colour;
  draw.lineWidth = 1.4;
  draw.beginPath();
  for (let line = -height; line < width; line += 4) {
    draw.moveTo(x + line, y + height);
    draw.lineTo(x + line + height, y);
  }
  draw.stroke();
  draw.restore();
}

function drawCell(draw, x, y, size, cell, colour) {
  draw.fillStyle = colour.empty;
  draw.fillRect(x, y, size, size);
  if (cell.zero > 0)
    hatch(draw, x, y, size, size * cell.zero, colour.zero);
  for (const layer of ["disk", "memory"]) {
    if (cell[layer] > 0) {
      const height = Math.max(2, size * cell[layer]);
      draw.fillStyle = colour[layer];
      draw.fillRect(x, y + size - height, size, height);
    }
  }
  if (cell.fetching > 0) {
    const stroke = Math.max(1.5, size / 8);
    draw.strokeStyle = colour.fetching;
    draw.lineWidth = stroke;
    draw.strokeRect(x + stroke / 2, y + stroke / 2, size - stroke, size - stroke);
  }
  if (cell.recent > 0) {
    draw.fillStyle = colour.recent;
    draw.strokeStyle = colour.memory;
    draw.lineWidth = 1;
    draw.beginPath();
    draw.arc(x + size / 2, y + size / 2, Math.max(1.8, size / 5.5), 0, 2 * Math.PI);
    draw.fill();
    draw.stroke();
  }
}

/** Draws one cell that has nothing but one layer, for the legend. */
export function drawSample(canvas, layer) {
  const cell = { memory: 0, disk: 0, zero: 0, fetching: 0, recent: 0, [layer]: 1 };
  if (layer === "recent")
    cell.memory = 1;
  drawCell(prepare(canvas, 16, 16), 0, 0, 16, cell, colours());
}

export class CellMap {
  #canvas;
  #cells = null;
  #columns = 1;
  #pitch = 1;
  #focus = -1;
  #onFocus;

  constructor(canvas, onFocus) {
    this.#canvas = canvas;
    this.#onFocus = onFocus;
    canvas.addEventListener("pointermove", event => this.#focusAt(event.offsetX, event.offsetY));
    canvas.addEventListener("pointerleave", () => this.#focusOn(-1));
    canvas.addEventListener("blur", () => this.#focusOn(-1));
    canvas.addEventListener("keydown", event => this.#move(event));
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
  }

  show(cells) {
    this.#cells = cells;
    this.draw();
    this.#onFocus(this.#focus, cells);
  }

  draw() {
    const cells = this.#cells;
    const width = this.#canvas.parentElement.clientWidth;
    if (!cells || width === 0)
      return;
    this.#columns = Math.min(MOST_COLUMNS, 2 ** Math.floor(Math.log2(width / SMALLEST_CELL)), 2 ** Math.ceil(Math.log2(cells.count)));
    this.#pitch = Math.min(LARGEST_CELL, width / this.#columns);
    const size = this.#pitch - (this.#pitch > 14 ? 2 : 1.5);
    const height = Math.ceil(cells.count / this.#columns) * this.#pitch;
    this.#canvas.style.height = `${height}px`;
    const draw = prepare(this.#canvas, width, height);
    const colour = colours();
    for (let cell = 0; cell < cells.count; cell++) {
      const [x, y] = this.#corner(cell);
      drawCell(draw, x, y, size, {
        memory: cells.memory[cell], disk: cells.disk[cell], zero: cells.zero[cell], fetching: cells.fetching[cell], recent: cells.recent[cell],
      }, colour);
    }
    if (this.#focus >= 0 && this.#focus < cells.count) {
      const [x, y] = this.#corner(this.#focus);
      draw.strokeStyle = getComputedStyle(this.#canvas).color;
      draw.lineWidth = 2;
      draw.strokeRect(x, y, size, size);
    }
  }

  #corner(cell) {
    return [(cell % this.#columns) * this.#pitch, Math.floor(cell / this.#columns) * this.#pitch];
  }

  #focusAt(x, y) {
    const column = Math.floor(x / this.#pitch);
    this.#focusOn(column < this.#columns ? Math.floor(y / this.#pitch) * this.#columns + column : -1);
  }

  #focusOn(cell) {
    if (!this.#cells || cell === this.#focus)
      return;
    this.#focus = cell < this.#cells.count ? cell : -1;
    this.draw();
    this.#onFocus(this.#focus, this.#cells);
  }

  #move(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.#columns, ArrowDown: this.#columns };
    if (!this.#cells || !(event.key in steps))
      return;
    event.preventDefault();
    const next = this.#focus < 0 ? 0 : this.#focus + steps[event.key];
    this.#focusOn(Math.min(this.#cells.count - 1, Math.max(0, next)));
  }
}
