"use strict";
// rows of a table that hold every word that is searched for
for (const box of document.querySelectorAll(".search")) {
  const field = box.querySelector("input");
  const status = box.querySelector("[role=status]");
  const rows = [...box.nextElementSibling.querySelectorAll("tbody tr")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, index) => {
      row.hidden = !words.every((word) => texts[index].includes(word));
      shown += !row.hidden;
    });
    status.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
  });
}
// a term's meaning beside it: pointed at, focused, or tapped; a second tap follows the link
const box = Object.assign(document.createElement("div"), { className: "definition", id: "definition", hidden: true });
box.setAttribute("role", "tooltip");
document.body.append(box);
let meant = null;
let tapped = null;
function explain(link) {
  if (meant) meant.removeAttribute("aria-describedby");
  const held = link && document.getElementById(link.hash.slice(1));
  meant = held ? link : null;
  box.hidden = !held;
  if (!held) return;
  box.textContent = held.querySelector("dd").textContent;
  link.setAttribute("aria-describedby", "definition");
  const at = link.getBoundingClientRect();
  box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - box.offsetWidth - 8)) + scrollX}px`;
  const below = at.bottom + 6 + box.offsetHeight < innerHeight || at.top < box.offsetHeight + 6;
  box.style.top = `${(below ? at.bottom + 4 : at.top - box.offsetHeight - 4) + scrollY}px`;
}
const link = (event) => event.target.closest?.("a.term");
addEventListener("pointerover", (event) => {
  if (event.pointerType !== "touch" && !box.contains(event.target)) explain(link(event));
});
addEventListener("focusin", (event) => explain(link(event)));
addEventListener("click", (event) => {
  const one = link(event);
  if (one && event.pointerType === "touch" && one !== tapped) event.preventDefault();
  tapped = one;
  explain(event.pointerType === "touch" ? one : null);
});
addEventListener("keydown", (event) => { if (event.key === "Escape") explain(null); });
// what is folded is printed too, and folded again
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  opened.forEach((one) => { one.open = true; });
});
addEventListener("afterprint", () => opened.forEach((one) => { one.open = false; }));
