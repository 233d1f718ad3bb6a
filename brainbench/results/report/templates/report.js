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
// what is folded is printed too, and folded again
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  opened.forEach((one) => { one.open = true; });
});
addEventListener("afterprint", () => opened.forEach((one) => { one.open = false; }));
