// The graders' page: keys, undo, and saving at every key in the browser's own storage.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const ITEM_KEYS = "1234567890qwertyuiop", LOSS_KEYS = "asdfghjkl;'ASDFGHJKL";
const lines = [
  ...data.items.map((item, i) => ({ ...item, key: ITEM_KEYS[i] || "" })),
  ...data.losses.map((loss, i) => ({ ...loss, key: LOSS_KEYS[i] || "" })),
];
let state = fresh(), place = 0, order = [], past = [], began = Date.now();

function fresh() {
  return { homework: data.homework, question: data.question, rubric: data.rubric, grader: "", answers: {} };
}
function slot() { return `written/${data.homework}/${data.question}/${data.store}/${state.grader}`; }
function of(ident) {
  return state.answers[ident] || { pressed: {}, comments: [], done: false, flagged: false, seconds: 0, changed: 0 };
}

// --- what is kept

function keep() {
  if (!state.grader) return tell("Type your name first: it is how your work is kept.");
  try {
    localStorage.setItem(slot(), JSON.stringify(state));
  } catch (error) {
    tell("This browser keeps nothing: use “Save as file” before you close the page.");
  }
}
function recall(grader) {
  state = fresh();
  state.grader = grader;
  try {
    const kept = catchUp();
    if (kept && kept.rubric !== data.rubric) tell("The rubric was changed since you graded: look at your answers again.");
    localStorage.setItem("written/grader", grader);
    localStorage.setItem(`${slot()}/opened`, String(Date.now()));
  } catch (error) {
    tell("What was kept cannot be read: load your file.");
  }
  order = shuffled(data.answers, `${grader} ${data.question}`);
  past = [];
  openNext(0);
}
function catchUp() { // what another window has kept since; of each answer the latest
  const kept = JSON.parse(localStorage.getItem(slot()) || "null");
  if (kept) merge(kept);
  return kept;
}
function merge(other) {
  for (const [ident, answer] of Object.entries(other.answers || {}))
    if (data.answers.includes(ident) && (!(ident in state.answers) || (answer.changed || 0) > of(ident).changed))
      state.answers[ident] = answer;
}
function shuffled(list, seed) {
  let h = 2166136261;
  const draw = () => { h ^= h << 13; h ^= h >>> 17; h ^= h << 5; return (h >>> 0) / 4294967296; };
  for (const c of seed) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  h = h || 1;
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

// --- one answer

function change(how) {
  if (!state.grader) { tell("Type your name first."); at("grader").focus(); return; }
  try { catchUp(); } catch (error) { /* told when the page was opened */ }
  const ident = order[place], before = structuredClone(of(ident)), answer = structuredClone(before);
  how(answer);
  answer.changed = Math.max(Date.now(), before.changed + 1);
  past.push([ident, before, answer.changed]);
  state.answers[ident] = answer;
  keep();
  show();
}
function press(line) {
  change((answer) => {
    const most = line.repeats ? 9 : 1, count = ((answer.pressed[line.id] || 0) + 1) % (most + 1);
    if (count) answer.pressed[line.id] = count; else delete answer.pressed[line.id];
  });
}
function undo() {
  const last = past.pop();
  if (!last) return tell("Nothing to undo.");
  const [ident, before, changed] = last;
  try { catchUp(); } catch (error) { /* told when the page was opened */ }
  if (of(ident).changed !== changed) tell("Not undone: another window has changed this answer since.");
  else {
    state.answers[ident] = { ...before, changed: changed + 1 };
    for (const one of past) if (one[0] === ident && one[2] === before.changed) one[2] = changed + 1;
  }
  place = order.indexOf(ident);
  keep();
  show();
}
function finish() {
  change((answer) => { answer.done = true; answer.seconds += (Date.now() - began) / 1000; });
  if (state.grader) openNext(place + 1);
}
function go(to) { place = Math.max(0, Math.min(order.length - 1, to)); began = Date.now(); show(); scrollTo(0, 0); }
function openNext(from) {
  for (let i = 0; i < order.length; i++) {
    const to = (from + i) % order.length;
    if (!of(order[to]).done) return go(to);
  }
  go(Math.min(from, order.length - 1));
  if (state.grader && order.length) tell("All answers are graded: save the file and hand it to whoever collects.");
}
function lost(line, earned, count) {
  return line.points === "all" ? earned : line.points === "half" ? earned / 2 : line.points * count;
}
function score(answer) {
  const earned = {};
  for (const item of data.items)
    earned[item.part] = (earned[item.part] || 0) + (answer.pressed[item.id] ? item.points : 0);
  let whole = [];
  for (const loss of data.losses) {
    const count = answer.pressed[loss.id];
    if (!count) continue;
    if (loss.part in earned) earned[loss.part] = Math.max(0, earned[loss.part] - lost(loss, earned[loss.part], count));
    else whole.push([loss, count]);
  }
  let total = Object.values(earned).reduce((a, b) => a + b, 0);
  for (const [loss, count] of whole) total = Math.max(0, total - lost(loss, total, count));
  return total;
}

// --- what is shown

function tell(text) { at("told").textContent = text; }
function show() {
  const ident = order[place], answer = of(ident);
  for (const article of document.querySelectorAll("article")) article.hidden = article.dataset.ident !== ident;
  lines.forEach((line, i) => {
    const count = answer.pressed[line.id] || 0, button = at("items").children[i].firstChild;
    button.setAttribute("aria-pressed", String(count > 0));
    button.children[1].textContent = line.label + (count > 1 ? ` ×${count}` : "");
  });
  at("score").textContent = `${score(answer)} of ${data.points}`;
  const done = order.filter((one) => of(one).done).length;
  at("progress").textContent = `${place + 1} of ${order.length}, ${done} graded${answer.done ? ", this one too" : ""}${answer.flagged ? ", flagged" : ""}`;
  at("progress").className = answer.flagged ? "flagged" : "";
  at("added").replaceChildren(...answer.comments.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  const used = new Map();
  for (const one of Object.values(state.answers)) for (const text of one.comments) used.set(text, (used.get(text) || 0) + 1);
  at("comments").replaceChildren(...[...used].sort((a, b) => b[1] - a[1]).map(([text]) => Object.assign(document.createElement("option"), { value: text })));
}
function drawLines() {
  at("items").replaceChildren(...lines.map((line) => {
    const row = document.createElement("li"), button = document.createElement("button");
    const key = document.createElement("kbd"), points = document.createElement("span");
    const text = document.createElement("span"), example = document.createElement("small");
    button.type = "button";
    button.tabIndex = -1;
    key.textContent = line.key;
    points.textContent = line.label;
    text.textContent = `${line.id} ${line.text}`;
    if (line.loss) button.className = "loss";
    example.textContent = line.example || "";
    button.append(key, points, text, example);
    button.addEventListener("click", () => press(line));
    row.append(button);
    return row;
  }));
}

// --- keys and files

const COMMANDS = {
  Enter: finish, b: () => go(place - 1), n: () => go(place + 1), v: () => openNext(place + 1), z: undo,
  c: () => at("comment").focus(), x: () => change((answer) => { answer.flagged = !answer.flagged; }),
  m: () => { at("model").open = !at("model").open; },
};
document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); save(); }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input:not([type=file])")) return inField(event);
  if (event.key === "Enter" && event.target.matches("#save, #load, summary, a")) return; // theirs
  const line = lines.find((one) => one.key === event.key);
  if (!line && !(event.key in COMMANDS)) return;
  event.preventDefault();
  tell("");
  if (!order.length) return;
  if (line) press(line); else COMMANDS[event.key]();
});
function inField(event) {
  if (event.key === "Escape") event.target.blur();
  if (event.key !== "Enter") return;
  event.preventDefault();
  const text = event.target.value.trim();
  if (event.target.id === "grader" && text) recall(text);
  if (event.target.id === "comment" && text) change((answer) => { answer.comments.push(text); });
  if (event.target.id === "comment") event.target.value = "";
  event.target.blur();
}
at("grader").addEventListener("focus", (event) => event.target.select());
at("grader").addEventListener("change", (event) => {
  const text = event.target.value.trim();
  if (text && text !== state.grader) recall(text);
});
function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(state, null, 1)], { type: "application/json" }));
  link.download = `${data.homework}-${data.question}-${state.grader.replace(/[^\p{L}\p{N}]+/gu, "_") || "nobody"}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
at("save").addEventListener("click", save);
at("load").addEventListener("change", async (event) => {
  try {
    const other = JSON.parse(await event.target.files[0].text());
    if (other.homework !== data.homework || other.question !== data.question)
      return tell(`That file is of ${other.homework} ${other.question}; this page is ${data.homework} ${data.question}.`);
    if (!state.grader) { at("grader").value = other.grader; recall(other.grader); }
    merge(other);
    keep();
    show();
    tell(`Loaded ${Object.keys(other.answers).length} answers.`);
  } catch (error) {
    tell("That file cannot be read.");
  }
});
addEventListener("storage", (event) => {
  const [work, opened, also] = [slot(), `${slot()}/opened`, `${slot()}/also`];
  if (!state.grader || !event.newValue || ![work, opened, also].includes(event.key)) return;
  if (event.key === opened) localStorage.setItem(also, event.newValue);
  if (event.key === work) { catchUp(); show(); }
  tell("This page is open in two windows: each shows the work of both. Close one.");
});

drawLines();
order = shuffled(data.answers, "");
try { at("grader").value = localStorage.getItem("written/grader") || ""; } catch (error) { /* told when a key is pressed */ }
if (at("grader").value) recall(at("grader").value); else if (order.length) { go(0); at("grader").focus(); }
