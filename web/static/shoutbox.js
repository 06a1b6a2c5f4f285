// Makes a shoutbox's page live: new shouts come by Server-Sent Events, older ones on scrolling up,
// the form posts without a reload. Without this script the page works all the same.
"use strict";

const list = document.getElementById("shouts");
const log = document.getElementById("log");
const form = document.getElementById("form");
const error = document.getElementById("error");
const state = document.getElementById("state");
const news = document.getElementById("news");
const path = list.dataset.path;

const parse = (html) => {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim(); // drawn and escaped by the server
  localize(holder.content);
  return holder.content.firstElementChild;
};

const localize = (root) => {
  for (const time of root.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    const today = at.toDateString() === new Date().toDateString();
    time.textContent = today
      ? at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
      : at.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  }
};

// For screen readers: additions to the log are read out, one after the other; history never stands in it.
const announce = (text, seq) => {
  const line = document.createElement("p");
  line.textContent = text;
  line.dataset.seq = seq;
  news.append(line);
  if (news.children.length > 20) news.firstElementChild.remove();
};

const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 60;

const add = ({ seq, html }) => {
  if (document.getElementById(`shout-${seq}`)) return;
  const atEnd = isAtEnd();
  const shout = parse(html);
  list.append(shout);
  document.getElementById("empty")?.remove();
  announce(`${shout.querySelector(".who").textContent}: ${shout.querySelector("p").textContent}`, seq);
  newest = seq;
  if (atEnd) log.scrollTop = log.scrollHeight;
};

// A shout that is edited or deleted changes quietly; its old words go from what was read out too.
const replace = ({ seq, html }) => {
  document.getElementById(`shout-${seq}`)?.replaceWith(parse(html));
  for (const line of news.querySelectorAll(`[data-seq="${seq}"]`)) line.remove();
};

// What was edited or deleted while there was no connection is told to nobody: look at the last shouts again.
const refresh = async () => {
  const answer = await fetch(`${path}/older?before=${Number(newest) + 1}`);
  if (!answer.ok) return;
  for (const shout of (await answer.json()).shouts) {
    const there = document.getElementById(`shout-${shout.seq}`);
    if (there && there.querySelector("p").textContent !== parse(shout.html).querySelector("p").textContent) replace(shout);
  }
};

let newest = list.dataset.after;
const follow = () => {
  const source = new EventSource(`${path}/stream?after=${newest}`);
  source.onmessage = (event) => add(JSON.parse(event.data));
  source.addEventListener("deleted", (event) => replace(JSON.parse(event.data)));
  source.addEventListener("edited", (event) => replace(JSON.parse(event.data)));
  source.onopen = () => {
    if (state.textContent) refresh().catch(() => {}); // the connection went again: the next one looks
    state.textContent = "";
  };
  source.onerror = () => {
    state.textContent = list.dataset.away;
    // Browsers come back by themselves from a broken connection, but never from an error page, such as a proxy's.
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 3000);
  };
};
if (list.dataset.live === "yes") follow();

let loading = false;
const older = document.getElementById("older");
const loadOlder = async () => {
  if (loading || !older?.dataset.before) return;
  loading = true;
  try {
    const answer = await fetch(`${path}/older?before=${older.dataset.before}`);
    if (!answer.ok) return;
    const { shouts, before } = await answer.json();
    const height = log.scrollHeight;
    list.prepend(...shouts.filter(({ seq }) => !document.getElementById(`shout-${seq}`)).map(({ html }) => parse(html)));
    log.scrollTop += log.scrollHeight - height;
    older.dataset.before = before ?? "";
    if (!before) older.parentElement.remove();
  } finally {
    loading = false;
  }
};
log.addEventListener("scroll", () => { if (log.scrollTop < 200) loadOlder(); });
older?.addEventListener("click", (event) => { event.preventDefault(); loadOlder(); });

const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  if (button.disabled) return;
  button.disabled = true;
  const words = form.elements.body;
  const said = words.value;
  try {
    const answer = await fetch(path, { method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams(new FormData(form)) });
    const told = await answer.json();
    error.textContent = answer.ok ? told.stopped.join(" ") : told.detail;
    if (answer.ok) {
      words.value = words.value.startsWith(said) ? words.value.slice(said.length) : words.value; // typed meanwhile
      form.elements.key.value = newKey();
      log.scrollTop = log.scrollHeight;
      if (list.dataset.live !== "yes") location.href = path;
    }
  } catch {
    // The key stays: trying again is the same shout, whether or not this one arrived.
    error.textContent = form.dataset.lost;
  } finally {
    button.disabled = false;
    words.focus();
  }
});

form.elements.body.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

localize(document);
log.scrollTop = log.scrollHeight;

// An error line or a smaller window takes room from the log: who was at its end stays there.
let followed = true;
log.addEventListener("scroll", () => { followed = isAtEnd(); });
new ResizeObserver(() => { if (followed) log.scrollTop = log.scrollHeight; }).observe(log);
