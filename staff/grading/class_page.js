"use strict";
const table = document.querySelector("#students table");
const body = table && table.tBodies[0];

function value(row, column) {
  const text = row.cells[column].textContent, number = parseFloat(text);
  return isNaN(number) ? text : number;
}
function compare(x, y) {
  if (typeof x !== typeof y) return typeof x === "number" ? -1 : 1;
  return x < y ? -1 : x > y ? 1 : 0;
}
function sort(head, column) {
  const up = head.ariaSort !== "ascending";
  for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
  head.ariaSort = up ? "ascending" : "descending";
  const rows = [...body.rows].sort((a, b) => compare(value(a, column), value(b, column)) * (up ? 1 : -1));
  body.append(...rows);
}
function search(text, told) {
  for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(text.toLowerCase());
  const shown = [...body.rows].filter((row) => !row.hidden).length;
  told.textContent = text ? `${shown} of ${body.rows.length}` : "";
}
if (table) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(head, column));
    head.replaceChildren(button);
  });
  const label = document.createElement("label"), field = document.createElement("input"), told = document.createElement("output");
  field.type = "search";
  field.addEventListener("input", () => search(field.value, told));
  label.append("Search students ", field);
  document.querySelector("#students").prepend(label, " ", told);
}
