"use strict";
// The table of lines: folding, searching, sorting. Without it the page shows every line.
(() => {
  const body = document.querySelector(".lines tbody");
  const rows = [...body.rows].map((row, order) => ({
    row, order, level: +row.dataset.level, open: true, inner: [],
    text: row.cells[0].textContent.toLowerCase() + " " + row.dataset.path.toLowerCase(),
  }));
  const top = { inner: [], level: -1, open: true };
  const above = [top];
  for (const line of rows) {
    while (above[above.length - 1].level >= line.level) above.pop();
    line.outer = above[above.length - 1];
    line.outer.inner.push(line);
    above.push(line);
    line.toggle = line.row.querySelector("button");
    if (line.toggle) line.toggle.addEventListener("click", () => { fold(line, !line.open); show(); });
  }

  function fold(line, open) {
    line.open = open;
    if (!line.toggle) return;
    line.toggle.textContent = open ? "▾" : "▸";
    line.toggle.setAttribute("aria-expanded", open);
  }

  let wanted = "";
  function show() {
    const hit = new Set();
    if (wanted) {
      for (const line of rows) {
        if (line.text.includes(wanted)) for (let at = line; at !== top; at = at.outer) hit.add(at);
      }
    }
    const visit = (line, visible) => {
      for (const inner of line.inner) {
        const seen = wanted ? hit.has(inner) : visible;
        inner.row.hidden = !seen;
        visit(inner, seen && inner.open);
      }
    };
    visit(top, true);
  }

  function level(depth) {
    for (const line of rows) fold(line, line.level < depth);
    show();
  }

  function arrange(key, sign) {
    const by = key === "order" ? (line) => line.order : (line) => +(line.row.dataset[key] || -1);
    const put = (line) => {
      line.inner.sort((a, b) => sign * (by(a) - by(b)) || a.order - b.order);
      for (const inner of line.inner) { body.append(inner.row); put(inner); }
    };
    put(top);
  }

  for (const head of document.querySelectorAll("th[data-key]")) {
    head.firstElementChild.addEventListener("click", () => {
      const was = head.getAttribute("aria-sort");
      for (const other of document.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
      if (was === "descending" || head.dataset.key === "order") return arrange("order", 1);
      head.setAttribute("aria-sort", "descending");
      arrange(head.dataset.key, -1);
    });
  }

  function reveal() {
    const line = rows.find((one) => "#" + one.row.id === location.hash);
    if (!line) return;
    for (let at = line; at !== top; at = at.outer) fold(at, true);
    wanted = "";
    search.value = "";
    show();
    line.row.scrollIntoView({ block: "center" });
  }

  const search = document.querySelector(".tools input");
  search.addEventListener("input", () => { wanted = search.value.trim().toLowerCase(); show(); });
  for (const button of document.querySelectorAll(".tools button")) {
    button.addEventListener("click", () => level(+button.dataset.depth));
  }
  window.addEventListener("hashchange", reveal);
  window.addEventListener("beforeprint", () => { if (rows.length < 400) level(99); });
  document.querySelector(".tools").hidden = false;
  level(rows.length > 60 ? 1 : 2);
  reveal();
})();
