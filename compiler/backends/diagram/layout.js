// Layered layout of nested boxes (Sugiyama): ranks by longest way, order by barycentres, one level of boxes at a time.
// layout(model, open, size) -> {width, height, nodes: Map(id -> {x, y, w, h}), wires: [{from, to, points, skip, shape}]}.
// `model` has parts [{id, parent, children}] and arcs [[source, target, shape]] between leaves; `open` is a set of ids;
// `size(part)` gives the width and height of a part drawn as one node.
"use strict";

const GAP = { x: 26, y: 34, lane: 14, pad: 16, head: 26 };

function layout(model, open, size) {
  const part = new Map(model.parts.map((p) => [p.id, p]));
  const shown = new Map();
  const visible = (id) => {
    if (!shown.has(id)) {
      const parent = part.get(id).parent;
      const above = parent === null ? id : visible(parent);
      shown.set(id, parent === null || (above === parent && open.has(parent)) ? id : above);
    }
    return shown.get(id);
  };
  const arcs = new Map();
  for (const [a, b, shape] of model.arcs) {
    const s = visible(a), t = visible(b);
    if (s !== t && !arcs.has(s + ">" + t)) arcs.set(s + ">" + t, { s, t, shape });
  }
  const way = (id) => {
    const found = [];
    for (let at = id; at !== null; at = part.get(at).parent) found.push(at);
    return found.reverse();
  };
  const levels = new Map();
  const level = (id) => {
    if (!levels.has(id)) levels.set(id, { inner: [], entries: [], exits: [] });
    return levels.get(id);
  };
  for (const arc of arcs.values()) {
    const s = way(arc.s), t = way(arc.t);
    let k = 0;
    while (s[k + 1] === t[k + 1]) k++;
    level(s[k]).inner.push({ a: s[k + 1], b: t[k + 1], arc });
    for (let i = k + 1; i < s.length - 1; i++) level(s[i]).exits.push({ a: s[i + 1], arc });
    for (let i = k + 1; i < t.length - 1; i++) level(t[i]).entries.push({ b: t[i + 1], arc });
  }
  const drawn = place(part.get(model.root), part, level, open, size);
  const nodes = new Map(), wires = [];
  settle(drawn, 0, 0, nodes, wires);
  return { width: drawn.w, height: drawn.h, nodes, wires };
}

// One box or leaf: its size, what is inside (relative), and the doors of the values that cross its border.
function place(item, part, level, open, size) {
  const box = item.children.length && open.has(item.id);
  if (!box) {
    const { w, h } = size(item);
    return { id: item.id, w, h, inner: [], wires: [], enter: () => w / 2, leave: () => w / 2 };
  }
  const { inner, entries, exits } = level(item.id);
  const vertices = new Map();
  item.children.forEach((id, k) => {
    const drawn = place(part.get(id), part, level, open, size);
    vertices.set(id, { key: id, drawn, w: drawn.w, h: drawn.h, rank: 0, at: k, out: [], into: [] });
  });
  const edges = inner.map(({ a, b, arc }) => ({ a: vertices.get(a), b: vertices.get(b), arcs: [arc] }));
  const merged = new Map();
  for (const e of edges) {
    const key = e.a.key + ">" + e.arcs[0].s + ">" + e.b.key;
    if (merged.has(key)) merged.get(key).arcs.push(...e.arcs); else merged.set(key, e);
  }
  const doors = { in: new Map(), out: new Map() };
  const door = (kind, arc) => {
    if (!doors[kind].has(arc.s)) {
      doors[kind].set(arc.s, { key: kind + arc.s, w: 2, h: 0, rank: 0, at: -1, out: [], into: [], door: kind });
    }
    return doors[kind].get(arc.s);
  };
  const links = [...merged.values()];
  const once = new Set();
  for (const { b, arc } of entries) {
    if (!once.has("i" + arc.s + ">" + b)) links.push({ a: door("in", arc), b: vertices.get(b), arcs: [arc] });
    once.add("i" + arc.s + ">" + b);
  }
  for (const { a, arc } of exits) {
    if (!once.has("o" + arc.s)) links.push({ a: vertices.get(a), b: door("out", arc), arcs: [arc] });
    once.add("o" + arc.s);
  }
  return arrange(item, [...doors.in.values(), ...vertices.values(), ...doors.out.values()], links, doors);
}

function arrange(item, vertices, links, doors) {
  rank(vertices, links);
  for (const { a, b, arcs } of links) {
    if (a.drawn && a.leaves === undefined) a.leaves = a.drawn.leave(arcs[0]) - a.w / 2;
    if (b.drawn && b.enters === undefined) b.enters = b.drawn.enter(arcs[0]) - b.w / 2;
  }
  const rows = lanes(vertices, links);
  for (let pass = 0; pass < 6; pass++) sweep(rows, pass % 2 === 0);
  for (let pass = 0; pass < 12; pass++) straighten(rows, pass);
  const titled = item.parent !== null;
  const all = rows.flat();
  const left = Math.min(...all.map((v) => v.x - v.w / 2)), right = Math.max(...all.map((v) => v.x + v.w / 2));
  let y = titled ? GAP.head : GAP.pad;
  rows.forEach((row) => {
    const height = Math.max(...row.map((v) => v.h));
    for (const v of row) { v.y = y + (v.drawn ? 0 : height / 2); v.low = y; v.high = y + height; }
    y += height + (row.every((v) => v.door) ? 10 : GAP.y);
  });
  const closing = rows[rows.length - 1].every((v) => v.door === "out");
  const w = Math.max(right - left + 2 * GAP.pad, titled ? (item.titleWidth || 0) + 2 * GAP.pad : 0);
  const h = closing ? y - 14 : y - GAP.y + GAP.pad;
  const shift = (w - (right - left)) / 2 - left;
  for (const v of all) v.x += shift;
  for (const v of vertices) if (v.door) v.y = v.door === "in" ? 0 : h;
  const wires = links.map((link) => wire(link));
  const inner = vertices.filter((v) => v.drawn).map((v) => ({ drawn: v.drawn, x: v.x - v.w / 2, y: v.y }));
  const at = (kind) => (arc) => (doors[kind].has(arc.s) ? doors[kind].get(arc.s).x : w / 2);
  return { id: item.id, w, h, inner, wires, enter: at("in"), leave: at("out") };
}

function rank(vertices, links) {
  for (const link of links) { link.a.out.push(link); link.b.into.push(link); }
  const order = [], waiting = new Map(vertices.map((v) => [v, v.into.length]));
  const ready = vertices.filter((v) => !v.into.length);
  while (ready.length) {
    const v = ready.shift();
    order.push(v);
    for (const { b } of v.out) {
      b.rank = Math.max(b.rank, v.rank + 1);
      waiting.set(b, waiting.get(b) - 1);
      if (!waiting.get(b)) ready.push(b);
    }
  }
  // what nothing in front holds sinks towards its readers: inputs stand beside what reads them
  for (const v of order.reverse()) {
    if (!v.into.length && v.out.length && !v.door) v.rank = Math.min(...v.out.map(({ b }) => b.rank)) - 1;
  }
  const last = Math.max(0, ...vertices.filter((v) => v.door !== "out").map((v) => v.rank));
  for (const v of vertices) if (v.door === "out") v.rank = last + 1;
  const first = Math.min(...vertices.map((v) => v.rank));
  for (const v of vertices) v.rank -= first;
}

// Rows of vertices; where a link spans several ranks it holds a place in each row between (one for all of a source).
function lanes(vertices, links) {
  const rows = [];
  const put = (v) => { (rows[v.rank] = rows[v.rank] || []).push(v); };
  vertices.forEach(put);
  const held = new Map();
  for (const link of links) {
    link.via = [];
    let above = link.a;
    for (let r = link.a.rank + 1; r < link.b.rank; r++) {
      const key = link.a.key + ":" + link.arcs[0].s + ":" + r;
      if (!held.has(key)) {
        const lane = { key, w: GAP.lane, h: 0, rank: r, lane: true, up: [above], down: [] };
        held.set(key, lane);
        put(lane);
        join(above, lane);
      }
      above = held.get(key);
      link.via.push(above);
    }
    join(above, link.b);
  }
  const full = rows.filter((row) => row && row.length);
  full.forEach((row) => row.forEach((v, k) => { v.place = k; v.up = v.up || []; v.down = v.down || []; }));
  return full;
}

function join(a, b) {
  (a.down = a.down || []).push(b);
  b.up = b.up || [];
  if (!b.up.includes(a)) b.up.push(a);
}

function sweep(rows, downward) {
  const sequence = downward ? rows : [...rows].reverse();
  for (const row of sequence) {
    for (const v of row) {
      const near = downward ? v.up : v.down;
      v.wish = near.length ? near.reduce((sum, n) => sum + n.place / (n.row || 1), 0) / near.length : v.place / row.length;
    }
    row.sort((p, q) => p.wish - q.wish || (p.lane ? 1 : 0) - (q.lane ? 1 : 0));
    row.forEach((v, k) => { v.place = k; v.row = row.length; });
  }
}

// Pull each vertex under the middle of its neighbours, keeping order and distance within the row.
function straighten(rows, pass) {
  if (!pass) rows.forEach((row) => { let x = 0; for (const v of row) { v.x = x + v.w / 2; x += v.w + GAP.x; } });
  const sequence = pass % 2 ? [...rows].reverse() : rows;
  for (const row of sequence) {
    const wishes = row.map((v) => {
      const near = pass % 2 ? v.down : v.up;
      if (!near.length) return v.x;
      const ends = near.map((n) => (pass % 2 ? n.x + (n.enters || 0) - (v.leaves || 0) : n.x + (n.leaves || 0) - (v.enters || 0)));
      return ends.reduce((sum, x) => sum + x, 0) / ends.length;
    });
    const gap = (k) => (row[k - 1].w + row[k].w) / 2 + (row[k].lane || row[k - 1].lane ? GAP.lane : GAP.x);
    const right = [...wishes], left = [...wishes];
    for (let k = 1; k < row.length; k++) right[k] = Math.max(right[k], right[k - 1] + gap(k));
    for (let k = row.length - 2; k >= 0; k--) left[k] = Math.min(left[k], left[k + 1] - gap(k + 1));
    row.forEach((v, k) => { v.x = (right[k] + left[k]) / 2; });
  }
}

function wire({ a, b, via, arcs }) {
  const arc = arcs[0];
  const start = a.drawn ? [a.x - a.w / 2 + a.drawn.leave(arc), a.y + a.h] : [a.x, a.y];
  const end = b.drawn ? [b.x - b.w / 2 + b.drawn.enter(arc), b.y] : [b.x, b.y];
  // straight down to the end of the row first: higher neighbours stand there
  const below = a.high !== undefined && a.high > start[1] + 1 ? [[start[0], a.high]] : [];
  const points = [start, ...below, ...via.flatMap((v) => [[v.x, v.low], [v.x, v.high]]), end];
  return { arcs, points, skip: via.length > 0, tip: Boolean(b.drawn && !b.drawn.inner.length), shape: arc.shape };
}

function settle(drawn, x, y, nodes, wires) {
  nodes.set(drawn.id, { x, y, w: drawn.w, h: drawn.h });
  for (const w of drawn.wires) wires.push({ ...w, points: w.points.map(([px, py]) => [px + x, py + y]) });
  for (const inner of drawn.inner) settle(inner.drawn, x + inner.x, y + inner.y, nodes, wires);
}

if (typeof module !== "undefined") module.exports = { layout };
