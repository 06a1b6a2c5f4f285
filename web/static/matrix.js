// Makes the grid of dots live: a click posts without a reload, what others change comes by Server-Sent Events,
// arrow keys go from dot to dot. Without this script the page works all the same.
"use strict";

const grid = document.getElementById("grid");
const fault = document.getElementById("fault");
const state = document.getElementById("state");
const said = document.getElementById("said");

const parse = (html) => {
  const holder = document.createElement("template");
  holder.innerHTML = html; // drawn and escaped by the server
  return holder.content;
};

// Arrow keys: one dot at a time can be tabbed to, and with it what belongs to it: its number, and its row's name.

const dots = () => grid.querySelectorAll("tbody button");
const at = (cell, down, right) => {
  let row = cell.parentElement, place = cell.cellIndex;
  for (;;) {
    row = down > 0 ? row?.nextElementSibling : down < 0 ? row?.previousElementSibling : row;
    place += right;
    const next = row?.cells[place];
    if (!next || next.tagName === "TH") return null;
    const button = next.querySelector("button");
    if (button) return button; // a channel's place with itself has none: go on over it
  }
};
const edge = (cell, last) => {
  const all = cell.parentElement.querySelectorAll("button");
  return all[last ? all.length - 1 : 0];
};

let current = null;
const mark = (cell, on) => {
  cell.closest("table")?.tHead.rows[0].cells[cell.cellIndex].classList.toggle("at", on);
};
const reach = (button, can) => {
  const cell = button.closest("td");
  for (const one of [button, cell.querySelector("a"), cell.parentElement.querySelector("th a")]) if (one) one.tabIndex = can ? 0 : -1;
};
const choose = (button) => {
  if (current?.isConnected) reach(current, false);
  current = button;
  reach(button, true);
};
const settle = () => {
  for (const one of grid.querySelectorAll("tbody button, tbody a")) one.tabIndex = -1;
  const first = document.querySelector("td:target button") ?? dots()[0];
  if (first) choose(first);
};

const KEYS = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };
grid.addEventListener("keydown", (event) => {
  const cell = event.target.closest("td");
  if (!cell || event.altKey || event.metaKey || event.ctrlKey) return;
  const next = KEYS[event.key] ? at(cell, ...KEYS[event.key])
    : event.key === "Home" || event.key === "End" ? edge(cell, event.key === "End") : undefined;
  if (next === undefined) return;
  event.preventDefault();
  next?.focus();
});
grid.addEventListener("focusin", (event) => {
  const cell = event.target.closest("td");
  if (!cell) return;
  mark(cell, true);
  choose(cell.querySelector("button"));
});
for (const [name, on] of [["focusout", false], ["pointerover", true], ["pointerout", false]]) {
  grid.addEventListener(name, (event) => {
    const cell = event.target.closest("tbody td");
    if (!cell) return;
    mark(cell, on);
    const button = cell.querySelector("button");
    if (button) button.title = button.ariaLabel;
  });
}

// What is otherwise now

const swap = (cell, html) => {
  const focused = cell.contains(document.activeElement), chosen = cell.contains(current);
  const fresh = parse(html).querySelector("td");
  for (const one of fresh.querySelectorAll("button, a")) one.tabIndex = -1;
  cell.replaceWith(fresh);
  const button = fresh.querySelector("button");
  if (chosen && button) choose(button);
  if (focused) button?.focus({ preventScroll: true });
};

const redraw = (html) => {
  const focused = grid.contains(document.activeElement) && document.activeElement.ariaLabel;
  const { scrollTop, scrollLeft } = grid;
  grid.replaceChildren(parse(html));
  Object.assign(grid, { scrollTop, scrollLeft });
  settle();
  if (focused) ([...dots()].find((one) => one.ariaLabel === focused) ?? grid).focus({ preventScroll: true });
};

const seen = ({ cells, grid: whole }) => {
  if (whole !== undefined) return redraw(whole);
  for (const { id, html } of cells) {
    const cell = document.getElementById(id);
    if (cell) swap(cell, html);
  }
  said.textContent = cells.map((one) => one.said).join("; ");
};

let leaving = false;
document.addEventListener("submit", (event) => { leaving = !grid.contains(event.target); });
const follow = () => {
  const query = new URLSearchParams(grid.dataset.query);
  query.set("state", grid.dataset.state);
  const source = new EventSource(`/matrix/stream?${query}`);
  source.onmessage = (event) => {
    grid.dataset.state = event.lastEventId;
    seen(JSON.parse(event.data));
  };
  source.addEventListener("gone", () => {
    source.close();
    if (!leaving) location.reload(); // else it is this page's own signing out, whose answer is on its way
  });
  source.onopen = () => { state.textContent = ""; };
  source.onerror = () => {
    state.textContent = grid.dataset.away;
    // Browsers come back by themselves from a broken connection, but never from an error page, such as a proxy's.
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 3000);
  };
};

// Clicks

grid.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter, form = event.target;
  if (!button || button.hasAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  const posted = new URLSearchParams(new FormData(form));
  posted.set("dot", button.value);
  try {
    const answer = await fetch(form.action, { method: "POST", headers: { Accept: "application/json" }, body: posted });
    const told = await answer.json();
    fault.textContent = answer.ok ? "" : told.detail;
    if (told.go) location.href = told.go;
    if (told.cells) seen({ cells: told.cells });
  } catch {
    fault.textContent = grid.dataset.lost;
  } finally {
    button.removeAttribute("aria-busy");
  }
});

settle();
follow();
