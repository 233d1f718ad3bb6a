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
// items of a run: filtered, sorted, and opened one by one; only what is looked at is made
const make = (name, given = {}, ...inside) => {
  const { data, ...own } = given;
  const one = Object.assign(document.createElement(name), own);
  Object.assign(one.dataset, data);
  one.append(...inside.filter((part) => part !== null && part !== ""));
  return one;
};
const shown = (value, digits = 3) => (Math.abs(value) >= 1e9 ? (value < 0 ? "-∞" : "∞") : Number.isInteger(value) ? `${value}` : value.toFixed(digits));
function bars(item, choices) {
  // each answer with its share of the probability of all of them
  let rows = item.answers;
  if (!rows && item.odds !== undefined && choices.length === 2) rows = [[choices[0], item.odds], [choices[1], 0]];
  if (!rows) return null;
  const top = Math.max(...rows.map(([, value]) => value));
  const weights = rows.map(([, value]) => Math.exp(value - top));
  const sum = weights.reduce((a, b) => a + b, 0);
  const list = make("ul", { className: "bars" });
  rows.forEach(([name, value], place) => {
    const share = weights[place] / sum;
    const meter = make("progress", { max: 1, value: share, ariaLabel: `share of ${name}` });
    const told = item.answers ? `, log-likelihood ${shown(value)}` : "";
    list.append(make("li", {}, make("b", {}, name), meter, make("span", {}, `${(100 * share).toFixed(1)} %${told}`)));
  });
  return list;
}
function opened_item(item, file, outcome) {
  const box = make("dl", { className: "item" });
  const add = (name, value) => {
    if (value === undefined || value === null || value === "") return;
    box.append(make("dt", {}, name), make("dd", {}, value));
  };
  add("question", item.text && make("pre", { tabIndex: 0 }, item.text));
  add("right answer", item.label);
  add("model's answer", `${item.said || "none of the choices"} (${outcome})`);
  add("probabilities", bars(item, file.choices));
  if (item.odds !== undefined) add(`log-odds of ${file.choices[0]}`, shown(item.odds));
  add("target", item.target !== item.label ? item.target : "");
  add("generated", item.made && make("pre", { tabIndex: 0 }, item.made));
  if (item.people !== undefined) add("people right", `${(100 * item.people).toFixed(0)} %${item.n ? ` of ${item.n}` : ""}`);
  add("kept with it", Object.entries(item.rest || {}).map(([name, value]) => `${name} ${typeof value === "number" ? shown(value) : value}`).join("; "));
  return box;
}
for (const place of document.querySelectorAll(".items")) {
  const held = JSON.parse(place.querySelector("script").textContent);
  const items = held.files.flatMap((file) => file.items.map((item) => ({
    item, file, outcome: held.outcomes[item.outcome],
    words: [item.id, file.name, item.kind, item.label, item.said, item.text, item.target, item.made, ...Object.values(item.rest || {})].join(" ").toLowerCase(),
  })));
  const choose = (name, values) => {
    const select = make("select", {}, ...values.map(([value, text]) => make("option", { value }, text)));
    const label = make("label", {}, `${name} `, select);
    label.hidden = values.length < 3;
    return [label, select];
  };
  const of = (name, read) => {
    const counts = new Map();
    for (const one of items) counts.set(read(one), (counts.get(read(one)) || 0) + 1);
    const sorted = name === "answer" ? held.outcomes.filter((word) => counts.has(word)) : [...counts.keys()].filter(Boolean);
    return choose(name, [["", `all (${items.length})`], ...sorted.map((value) => [value, `${value} (${counts.get(value)})`])]);
  };
  const [outcomeLabel, outcome] = of("answer", (one) => one.outcome);
  const [fileLabel, file] = of("task", (one) => one.file.name);
  const [kindLabel, kind] = of("kind", (one) => one.item.kind || "");
  const orders = [["", "as asked"], ["sure", "right answer least likely"], ["sure-", "right answer most likely"], ["people", "people most often wrong"]]
    .filter(([value]) => !value || items.some((one) => one.item[value.replace("-", "")] !== undefined));
  const [orderLabel, order] = choose("order", orders);
  const search = make("input", { type: "search", autocomplete: "off", spellcheck: false });
  const status = make("span", { className: "note" });
  status.setAttribute("role", "status");
  const list = make("ol", { className: "item-list" });
  const more = make("button", { type: "button" });
  const form = make("form", { className: "filters" }, outcomeLabel, fileLabel, kindLabel, orderLabel, make("label", {}, "search ", search), status);
  form.setAttribute("role", "search");
  form.setAttribute("aria-label", "Filter the items");
  form.addEventListener("submit", (event) => event.preventDefault());
  place.querySelector(".first").replaceWith(form, list, more);
  let found = items;
  let drawn = 0;
  const draw = () => {
    for (const one of found.slice(drawn, drawn + 50)) {
      const { item } = one;
      const odds = item.sure ?? item.odds;
      const head = make("summary", {},
        make("span", { className: "mark", data: { outcome: one.outcome } }, one.outcome),
        make("span", { className: "name" }, item.id || "item"),
        make("span", { className: "note" }, [one.file.name, item.kind && !one.file.name.includes(item.kind) ? item.kind : "", `says ${item.said || "none of the choices"}`, item.label ? `right is ${item.label}` : "",
          odds === undefined ? "" : `log-odds of ${item.sure === undefined ? one.file.choices[0] : "the right answer"} ${shown(odds)}`,
          item.people === undefined ? "" : `people ${(100 * item.people).toFixed(0)} % right`].filter(Boolean).join(" · ")));
      const details = make("details", {}, head);
      details.addEventListener("toggle", () => {
        if (details.open && details.children.length === 1) details.append(opened_item(item, one.file, one.outcome));
      });
      list.append(make("li", {}, details));
    }
    drawn = Math.min(found.length, drawn + 50);
    more.hidden = drawn >= found.length;
    more.textContent = `Show more: ${found.length - drawn} are left`;
  };
  const update = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = items.filter((one) => (!outcome.value || one.outcome === outcome.value) && (!file.value || one.file.name === file.value)
      && (!kind.value || one.item.kind === kind.value) && words.every((word) => one.words.includes(word)));
    if (order.value) {
      const [name, sign] = [order.value.replace("-", ""), order.value.endsWith("-") ? -1 : 1];
      const at = (one) => (one.item[name] === undefined ? Infinity : sign * one.item[name]);
      found = [...found].sort((a, b) => at(a) - at(b) || 0);
    }
    list.replaceChildren();
    drawn = 0;
    draw();
    const right = found.filter((one) => one.outcome === "right").length;
    const judged = found.filter((one) => one.outcome !== "not judged").length;
    status.textContent = `${found.length} of ${items.length} items${judged ? `, ${right} of ${judged} right` : ""}`;
  };
  for (const field of [outcome, file, kind, order]) field.addEventListener("change", update);
  let waiting = 0;
  search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(update, items.length > 2000 ? 150 : 0); });
  more.addEventListener("click", () => {
    const next = drawn;
    draw();
    list.children[next]?.querySelector("summary").focus();
  });
  update();
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
