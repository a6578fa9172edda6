// Asks for the status every second and shows it. Rates, latencies and hit ratios are of the last ten seconds.

import { CellMap, LAYERS, decode, drawSample } from "./map.js";

const PERIOD = 1000;
const WINDOW = 10;
const SPARK_POINTS = 120;

const byId = id => document.getElementById(id);
const views = new Map();
const history = [];

/* Text */

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  while (count >= 1024 && unit < units.length - 1) {
    count /= 1024;
    unit++;
  }
  return `${unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

function number(value) {
  return value >= 10000 ? Math.round(value).toLocaleString("en") : value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}

function percent(share) {
  return share === null ? "–" : share > 0 && share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(share >= 0.9995 || share === 0 ? 0 : 1)} %`;
}

function duration(seconds) {
  if (seconds === null)
    return "–";
  if (seconds < 1e-3)
    return `${Math.max(1, Math.round(seconds * 1e6))} µs`;
  return seconds < 1 ? `${(seconds * 1e3).toFixed(seconds < 0.01 ? 1 : 0)} ms` : `${seconds.toFixed(1)} s`;
}

function time(seconds) {
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([length]) => seconds >= length);
  if (first < 0)
    return "0 s";
  return parts.slice(first, first + 2).map(([length, unit], i) =>
    `${Math.floor((i === 0 ? seconds : seconds % parts[first][0]) / length)} ${unit}`).join(" ");
}

/* Numbers */

/** The value under which a part of all lies, within its bucket in proportion; null where there are none. */
function percentile(latency, before, part) {
  const counts = latency.counts.map((count, i) => count - (before?.counts[i] ?? 0));
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all <= 0)
    return null;
  let rank = part * all;
  for (let i = 0; i < counts.length; i++) {
    if (rank <= counts[i] && counts[i] > 0) {
      const low = i === 0 ? 0 : latency.bounds[i - 1];
      const high = i < latency.bounds.length ? latency.bounds[i] : low;
      return low + (high - low) * rank / counts[i];
    }
    rank -= counts[i];
  }
  return latency.bounds.at(-1) ?? null;
}

function average(cells, values) {
  return values.reduce((sum, value) => sum + value, 0) / cells.count;
}

/* Elements */

function element(name, text, ...classes) {
  const made = document.createElement(name);
  made.textContent = text;
  made.classList.add(...classes);
  return made;
}

/** Changes a text only where it is another one, so that a reader of the screen is not told the same again. */
function write(node, text) {
  if (node.textContent !== text)
    node.textContent = text;
}

function chip(node, text, kind) {
  write(node, text);
  node.className = `chip ${node.dataset.role ?? ""} ${kind}`;
}

class ExportView {
  #root;
  #figures = new Map();
  #legend = new Map();
  #map;
  #spark;
  #rates = [];

  constructor(parent) {
    this.#root = byId("export").content.firstElementChild.cloneNode(true);
    this.#part("health").dataset.role = "health";
    this.#spark = document.createElement("canvas");
    this.#spark.setAttribute("aria-hidden", "true");
    const list = this.#part("figures");
    for (const [key, label] of [["rate", "Read"], ["reads", "Reads"], ["median", "Median"], ["p99", "99th percentile"],
      ["hits", "From memory"], ["fetched", "From the store"], ["memory", "In memory"], ["errors", "Errors"]]) {
      const [term, value, more] = [element("dt", label), element("dd", "–"), element("small", "")];
      const row = document.createElement("div");
      row.append(term, value, more);
      list.append(row);
      this.#figures.set(key, { value, more });
    }
    const spark = element("div", "", "spark");
    spark.append(this.#spark, element("dt", "Read, last two minutes"));
    list.append(spark);
    for (const { key, label } of LAYERS) {
      const [item, sample, share] = [document.createElement("li"), document.createElement("canvas"), element("b", "")];
      sample.setAttribute("aria-hidden", "true");
      item.append(sample, element("span", label), share);
      this.#part("legend").append(item);
      this.#legend.set(key, { item, sample, share });
    }
    this.#map = new CellMap(this.#part("map"), (cell, cells) => write(this.#part("cell"), this.#describeCell(cell, cells)));
    parent.append(this.#root);
    this.repaint();
  }

  remove() {
    this.#root.remove();
  }

  /** After a change of colours. */
  repaint() {
    for (const [key, { sample }] of this.#legend)
      drawSample(sample, key);
    this.#map.draw();
    this.#drawSpark();
  }

  show(now, last, early, seconds, lastSeconds) {
    write(this.#part("name"), now.name === "" ? "default export" : now.name);
    write(this.#part("source"), `${now.source}, ${bytes(now.size)}`);
    chip(this.#part("health"), now.health, { ok: "good", waiting: "warn" }[now.health] ?? "bad");
    this.#part("problem").hidden = !now.problem;
    write(this.#part("problem"), now.problem ?? "");

    const per = key => early && seconds > 0 ? (now[key] - early[key]) / seconds : 0;
    this.#figure("rate", `${bytes(per("bytesRead"))}/s`, `${bytes(now.bytesRead)} in all`);
    this.#figure("reads", `${number(per("reads"))}/s`, `${number(now.reads)} in all`);
    this.#latency("median", now, early, 0.5);
    this.#latency("p99", now, early, 0.99);
    this.#hits(now, early);
    if (now.bytesFetched === undefined) {
      this.#figure("fetched", "–", "there is none", "quiet");
      this.#figure("memory", "–", "nothing is cached", "quiet");
    } else {
      this.#figure("fetched", `${bytes(per("bytesFetched"))}/s`, `${bytes(now.bytesFetched)} in all`);
      this.#figure("memory", bytes(now.bytesInMemory), `${bytes(now.bytesFromDiskCache)} from disk`);
    }
    this.#figure("errors", number(now.failedReads), now.failedReads === 0 ? "no read has failed" : "reads have failed", now.failedReads === 0 ? "" : "bad");

    if (last && lastSeconds > 0)
      this.#rates = [...this.#rates, (now.bytesRead - last.bytesRead) / lastSeconds].slice(-SPARK_POINTS);
    this.#drawSpark();
    this.#showMap(now);
  }

  #part(name) {
    return this.#root.querySelector(`.${name}`);
  }

  #figure(key, value, more, kind = "") {
    const figure = this.#figures.get(key);
    write(figure.value, value);
    figure.value.className = kind;
    write(figure.more, more);
  }

  #latency(key, now, early, part) {
    const [recent, all] = [percentile(now.latency, early?.latency, part), percentile(now.latency, null, part)];
    this.#figure(key, duration(recent ?? all), all === null ? "" : `overall ${duration(all)}`, recent === null ? "quiet" : "");
  }

  #hits(now, early) {
    if (now.waitedReads === undefined) {
      this.#figure("hits", "–", "nothing is cached", "quiet");
      return;
    }
    const ratio = (reads, waits) => reads > 0 ? Math.max(0, 1 - waits / reads) : null;
    const recent = early ? ratio(now.reads - early.reads, now.waitedReads - early.waitedReads) : null;
    const all = ratio(now.reads, now.waitedReads);
    this.#figure("hits", percent(recent ?? all), all === null ? "" : `overall ${percent(all)}`, recent === null ? "quiet" : "");
  }

  #showMap(now) {
    const cells = decode(now.map);
    const shares = [];
    // Of what is not cached, only the reads are known.
    const layers = LAYERS.filter(({ key }) => now.waitedReads !== undefined || key === "recent");
    for (const [key, { item }] of this.#legend)
      item.hidden = !layers.some(layer => layer.key === key);
    for (const { key, label } of layers) {
      const share = percent(average(cells, cells[key]));
      write(this.#legend.get(key).share, share);
      shares.push(`${share} ${label}`);
    }
    this.#part("map").setAttribute("aria-label", `Map of ${now.source}, ${cells.count} cells of ${bytes(cells.length)}: ${shares.join(", ")}. Arrow keys go from cell to cell.`);
    this.#map.show(cells);
  }

  #describeCell(cell, cells) {
    if (cell < 0)
      return `${cells.count} cells of ${bytes(cells.length)}`;
    const parts = LAYERS.filter(({ key }) => key !== "recent" && cells[key][cell] > 0).map(({ key, label }) => `${percent(cells[key][cell])} ${label}`);
    if (cells.ages[cell] < 15)
      parts.push(cells.ages[cell] === 0 ? "read just now" : `read ${cells.ages[cell]} s ago`);
    return `at ${bytes(cell * cells.length)}: ${parts.join(", ") || "nothing is here"}`;
  }

  #drawSpark() {
    const { clientWidth: width, clientHeight: height } = this.#spark;
    if (width === 0)
      return;
    const scale = devicePixelRatio || 1;
    [this.#spark.width, this.#spark.height] = [width * scale, height * scale];
    const draw = this.#spark.getContext("2d");
    draw.scale(scale, scale);
    const most = Math.max(1, ...this.#rates);
    const x = i => width - (this.#rates.length - 1 - i) * width / (SPARK_POINTS - 1);
    const y = rate => height - 2 - (height - 34) * rate / most;
    const colour = getComputedStyle(document.documentElement).getPropertyValue("--spark").trim();
    draw.beginPath();
    this.#rates.forEach((rate, i) => i === 0 ? draw.moveTo(x(i), y(rate)) : draw.lineTo(x(i), y(rate)));
    draw.strokeStyle = colour;
    draw.lineWidth = 1.6;
    draw.lineJoin = "round";
    draw.stroke();
    if (this.#rates.length > 1) {
      draw.lineTo(width, height);
      draw.lineTo(x(0), height);
      draw.globalAlpha = 0.15;
      draw.fillStyle = colour;
      draw.fill();
    }
  }
}

/* The page */

function showProcess(status) {
  const facts = [["version", status.version], ["up", time(status.uptimeSeconds)], ["clients", number(status.connections)],
    ["in flight", number(status.requestsInFlight)], ["process", bytes(status.residentMemory)]];
  if (status.cache) {
    facts.push(["cache", `${bytes(status.cache.memoryUsed)} of ${bytes(status.cache.memorySize)}`]);
    if (status.cache.diskLimit !== undefined)
      facts.push(["disk", `${bytes(status.cache.diskUsed)} of ${bytes(status.cache.diskLimit)}`]);
  }
  const list = byId("process");
  while (list.children.length > facts.length)
    list.lastElementChild.remove();
  facts.forEach(([label, value], i) => {
    if (!list.children[i]) {
      const row = document.createElement("div");
      row.append(document.createElement("dt"), document.createElement("dd"));
      list.append(row);
    }
    write(list.children[i].children[0], label);
    write(list.children[i].children[1], value);
  });
}

function showProblems(problems) {
  const list = byId("problems");
  list.hidden = problems.length === 0;
  if (list.dataset.text !== problems.join("\n")) {
    list.dataset.text = problems.join("\n");
    list.replaceChildren(...problems.map(problem => element("li", problem)));
  }
}

function show(status) {
  const find = (snapshot, name) => snapshot?.exports.find(one => one.name === name);
  const passed = since => since ? (Date.parse(status.time) - Date.parse(since.time)) / 1000 : 0;
  if (history.length > 0 && history[0].process !== status.process)
    history.length = 0; // another process: its counts began anew
  const [last, early] = [history.at(-1), history[0]];

  chip(byId("state"), status.ready ? "ready" : "not ready", status.ready ? "good" : "bad");
  document.title = `${status.ready ? "ready" : "NOT READY"} – becket`;
  showProcess(status);
  showProblems(status.problems);
  byId("empty").hidden = status.exports.length > 0;
  for (const [name, view] of views) {
    if (!find(status, name)) {
      view.remove();
      views.delete(name);
    }
  }
  for (const one of status.exports) {
    if (!views.has(one.name))
      views.set(one.name, new ExportView(byId("exports")));
    views.get(one.name).show(one, find(last, one.name), find(early, one.name), passed(early), passed(last));
  }
  history.push(status);
  if (history.length > WINDOW)
    history.shift();
}

async function poll() {
  if (!document.hidden) {
    try {
      const answer = await fetch("api/status", { signal: AbortSignal.timeout(10 * PERIOD) });
      if (!answer.ok)
        throw new Error(`status ${answer.status}`);
      show(await answer.json());
    } catch {
      chip(byId("state"), "no answer", "bad");
      showProblems(["The process does not answer any more; what you see is what it said last."]);
    }
  }
  setTimeout(poll, PERIOD);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => views.forEach(view => view.repaint()));
poll();
