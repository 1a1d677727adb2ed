// The page: draws what layout.js places, folds and unfolds, tells about the part under the pointer or the focus.
"use strict";

const model = JSON.parse(document.getElementById("model").textContent);
const byId = new Map(model.parts.map((p) => [p.id, p]));
const open = new Set(model.open);
const canvas = document.getElementById("canvas"), world = document.getElementById("world");
const about = document.getElementById("about"), search = document.getElementById("search");
const pen = document.createElement("canvas").getContext("2d");
const LINE = 19, NARROW = 64;
let view = { x: 20, y: 20, k: 1 }, focused = null, placed = null;

function svg(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function text(string, x, y, kind) {
  const element = svg("text", { x, y, class: kind });
  element.textContent = string;
  return element;
}

const number = (n) => n.toLocaleString("en-US");
const isBox = (part) => part.children.length > 0;
const times = (part) => (part.times > 1 ? " × " + part.times : "");
const heading = (part) => part.title + times(part);

function lines(part) {
  const told = isBox(part) ? [[heading(part), "title"]] : part.lines.map(([t, f]) => [t, f]);
  if (isBox(part) && part.place) told.push([part.place, "note"]);
  if (isBox(part)) told.push([part.shapes, "note"]);
  else if (part.times > 1) told.push(["× " + part.times, "title"]);
  if (part.params) told.push([(part.times > 1 && part.kind !== "series" ? part.times + " × " : "") + number(part.params) + " params", "note"]);
  if (part.bypass && isBox(part)) told.push(["with a way around (" + part.bypass + ")", "skip"]);
  if (part.output) told.push(["output " + part.output, "note"]);
  return told;
}

function size(part) {
  const widths = lines(part).map(([t, kind]) => {
    pen.font = (kind === "title" ? "600 " : "") + "12px system-ui, sans-serif";
    return pen.measureText(t).width;
  });
  return { w: Math.max(NARROW, ...widths) + 18, h: lines(part).length * LINE + 6 };
}

// --- drawing

function draw() {
  for (const part of model.parts) {
    pen.font = "600 12px system-ui, sans-serif";
    part.titleWidth = isBox(part) ? pen.measureText(heading(part) + "  " + part.place).width : 0;
  }
  placed = layout(model, open, size);
  const boxes = [], nodes = [];
  for (const [id, at] of placed.nodes) {
    const part = byId.get(id);
    if (part.parent === null) continue;
    (isBox(part) && open.has(id) ? boxes : nodes).push(isBox(part) && open.has(id) ? drawBox(part, at) : drawNode(part, at));
  }
  world.replaceChildren(...boxes, ...placed.wires.map(drawWire), ...nodes);
  mark();
  if (focused !== null) document.getElementById("part" + focused)?.focus({ preventScroll: true });
}

function drawBox(part, { x, y, w, h }) {
  const title = text(heading(part) + "  ", x + 12, y + 17, "title");
  const small = svg("tspan", { class: "where" });
  small.textContent = part.place;
  title.append(small);
  const frame = svg("rect", { x, y, width: w, height: h, rx: 9, class: part.kind === "repeat" ? "box dashed" : "box" });
  return live(part, svg("g", {}, frame, title), true);
}

function drawNode(part, { x, y, w, h }) {
  const group = svg("g", {}, svg("rect", { x, y, width: w, height: h, rx: isBox(part) ? 7 : 3, class: isBox(part) ? "node closed" : "node" }));
  if (part.times > 1) group.prepend(svg("rect", { x: x + 5, y: y + 5, width: w, height: h, rx: 5, class: "behind" }));
  lines(part).forEach(([string, kind], k) => {
    const color = model.families[kind];
    if (color) group.append(svg("rect", { x: x + 2, y: y + 3 + k * LINE, width: w - 4, height: LINE - 1, fill: color[0] }));
    group.append(text(string, x + w / 2, y + 16 + k * LINE, color ? (kind === model.dark ? "row light" : "row") : kind + " middle"));
  });
  const main = part.lines.length ? model.families[part.lines[0][1]] : null;
  if (main) group.querySelector(".node").style.stroke = main[1];
  return live(part, group, false);
}

function drawWire({ points, skip, tip, shape, arcs }) {
  let path = `M${points[0][0]},${points[0][1]}`;
  for (let k = 1; k < points.length; k++) {
    const [x0, y0] = points[k - 1], [x1, y1] = points[k], middle = (y0 + y1) / 2;
    path += x0 === x1 ? `L${x1},${y1}` : `C${x0},${middle} ${x1},${middle} ${x1},${y1}`;
  }
  const line = svg("path", { d: path, class: skip ? "wire skipping" : "wire", "data-ends": arcs.map((a) => a.s + ">" + a.t).join(" ") });
  if (tip) line.setAttribute("marker-end", skip ? "url(#tip-skip)" : "url(#tip)");
  const title = svg("title", {});
  title.textContent = shape;
  line.append(title);
  return line;
}

// --- what one can do

function live(part, group, isOpen) {
  group.id = "part" + part.id;
  group.setAttribute("class", "part");
  group.setAttribute("tabindex", "0");
  group.setAttribute("role", isBox(part) ? "button" : "img");
  if (isBox(part)) group.setAttribute("aria-expanded", String(isOpen));
  group.setAttribute("aria-label", (isBox(part) ? heading(part) + ", " : "") + describe(part).map((row) => row.join(" ")).join(", "));
  group.addEventListener("pointerenter", () => tell(part));
  group.addEventListener("focus", () => { focused = part.id; tell(part); });
  if (isBox(part)) group.addEventListener("click", (event) => { if (!moved) { event.stopPropagation(); toggle(part); } });
  group.addEventListener("keydown", (event) => {
    if (isBox(part) && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); event.stopPropagation(); toggle(part); }
  });
  return group;
}

function toggle(part) {
  const before = placed.nodes.get(part.id);
  focused = part.id;
  if (!open.delete(part.id)) open.add(part.id);
  draw();
  const after = placed.nodes.get(part.id);
  view.x += (before.x + before.w / 2 - after.x - after.w / 2) * view.k;
  view.y += (before.y - after.y) * view.k;
  look();
}

function describe(part) {
  const rows = isBox(part) ? [] : part.lines.map(([t]) => ["layer", t]);
  if (part.path) rows.push(["path", part.path]);
  rows.push(["shapes", part.shapes]);
  rows.push(["parameters", (part.times > 1 && part.kind !== "series" ? part.times + " × " : "") + number(part.params)]);
  if (part.macs !== null) rows.push(["multiply-accumulates", (part.times > 1 && part.kind !== "series" ? part.times + " × " : "") + number(part.macs)]);
  if (part.shared > 1) rows.push(["weights", "shared by " + part.shared + " uses"]);
  if (part.source) rows.push(["written at", part.source]);
  return rows;
}

function tell(part) {
  const list = document.createElement("dl");
  for (const [name, value] of describe(part)) {
    const term = document.createElement("dt"), detail = document.createElement("dd");
    term.textContent = name;
    detail.textContent = value;
    list.append(term, detail);
  }
  const title = document.createElement("h2");
  title.textContent = isBox(part) ? heading(part) : part.lines[0][0];
  about.replaceChildren(title, list);
}

function mark() {
  const wanted = search.value.trim().toLowerCase();
  world.classList.toggle("searching", wanted !== "");
  for (const part of model.parts) document.getElementById("part" + part.id)?.classList.toggle("hit", wanted !== "" && hit(part, wanted));
}

const hit = (part, wanted) =>
  [part.title, part.place, part.path, part.shapes, ...part.lines.map(([t]) => t)].join(" ").toLowerCase().includes(wanted);

let found = -1;
function next() {
  const wanted = search.value.trim().toLowerCase();
  const hits = model.parts.filter((p) => p.parent !== null && !isBox(p) && hit(p, wanted));
  if (!wanted || !hits.length) return;
  found = (found + 1) % hits.length;
  for (let at = hits[found].parent; at !== null; at = byId.get(at).parent) open.add(at);
  draw();
  const { x, y, w, h } = placed.nodes.get(hits[found].id);
  view = { k: Math.max(view.k, 0.8), x: 0, y: 0 };
  view.x = canvas.clientWidth / 2 - (x + w / 2) * view.k;
  view.y = canvas.clientHeight / 2 - (y + h / 2) * view.k;
  look();
  tell(hits[found]);
}

function level(depth) {
  const deep = (part) => (part.parent === null ? 0 : deep(byId.get(part.parent)) + (part.kind === "repeat" ? 0 : 1));
  open.clear();
  for (const part of model.parts) if (isBox(part) && (deep(part) < depth || part.kind === "repeat")) open.add(part.id);
  draw();
  fit();
}

// --- pan and zoom

let moved = false, grip = null;
function look() { world.setAttribute("transform", `translate(${view.x},${view.y}) scale(${view.k})`); }
function fit() {
  const k = Math.min(canvas.clientWidth / (placed.width + 40), canvas.clientHeight / (placed.height + 40), 1.2);
  view.k = Math.max(k, Math.min(0.55, canvas.clientWidth / (placed.width + 40)));
  view.x = (canvas.clientWidth - placed.width * view.k) / 2;
  view.y = view.k > k ? 10 : (canvas.clientHeight - placed.height * view.k) / 2;
  look();
}
function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const k = Math.min(4, Math.max(0.03, view.k * factor));
  view = { k, x: x - ((x - view.x) * k) / view.k, y: y - ((y - view.y) * k) / view.k };
  look();
}
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  if (event.ctrlKey || event.metaKey) zoom(Math.exp(-event.deltaY / 200), event.offsetX, event.offsetY);
  else { view.x -= event.deltaX; view.y -= event.deltaY; look(); }
}, { passive: false });
canvas.addEventListener("pointerdown", (event) => { grip = [event.clientX, event.clientY]; moved = false; });
window.addEventListener("pointermove", (event) => {
  if (!grip) return;
  const [dx, dy] = [event.clientX - grip[0], event.clientY - grip[1]];
  if (!moved && Math.hypot(dx, dy) < 4) return;
  moved = true;
  view.x += dx; view.y += dy; grip = [event.clientX, event.clientY];
  look();
});
window.addEventListener("pointerup", () => { grip = null; });
canvas.addEventListener("click", (event) => { if (moved) event.stopPropagation(); }, true);
document.getElementById("in").addEventListener("click", () => zoom(1.25));
document.getElementById("out").addEventListener("click", () => zoom(0.8));
document.getElementById("fit").addEventListener("click", fit);
document.getElementById("depth").addEventListener("change", (event) => level(Number(event.target.value)));
search.addEventListener("input", () => { found = -1; mark(); });
search.addEventListener("keydown", (event) => { if (event.key === "Enter") next(); });
document.addEventListener("keydown", (event) => {
  if (event.target === search || event.ctrlKey || event.metaKey) return;
  const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
  if (step && event.target.tagName !== "SELECT") { event.preventDefault(); view.x += step[0]; view.y += step[1]; look(); }
  if (event.key === "+" || event.key === "=") zoom(1.25);
  if (event.key === "-") zoom(0.8);
  if (event.key === "0") fit();
  if (event.key === "/") { event.preventDefault(); search.focus(); }
});
window.addEventListener("resize", fit);
draw();
fit();
