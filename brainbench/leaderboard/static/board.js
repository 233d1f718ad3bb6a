// Filters, and which ranking of a page is shown. Everything is in the page already.
(function () {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));

  function matches(row, wanted) {
    return (
      (!wanted.family || row.dataset.family === wanted.family) &&
      (!wanted.size || row.dataset.size === wanted.size) &&
      (!wanted.protocol || (row.dataset.protocol || "").split("|").includes(wanted.protocol)) &&
      (!wanted.text || row.dataset.text.includes(wanted.text))
    );
  }

  function apply(form) {
    const value = (name) => (form.elements[name] ? form.elements[name].value : "");
    const wanted = {
      family: value("family"),
      size: value("size"),
      protocol: value("protocol"),
      text: value("text").trim().toLowerCase(),
    };
    let shown = 0;
    let total = 0;
    all("tr[data-text]").forEach((row) => {
      const kept = matches(row, wanted);
      row.hidden = !kept;
      if (!row.closest("[hidden]:not(tr)")) {
        total += 1;
        shown += kept ? 1 : 0;
      }
    });
    form.querySelector("output").textContent =
      `${shown === total ? "" : `${shown} of `}${total} ${total === 1 ? "entry" : "entries"}`;
  }

  function choose(form, name) {
    const panels = all("[data-panel]");
    if (!panels.some((panel) => panel.dataset.panel === name)) {
      return;
    }
    panels.forEach((panel) => {
      panel.hidden = panel.dataset.panel !== name;
    });
    form.elements.ranking.value = name;
  }

  function start() {
    const form = document.querySelector("form.filters");
    if (!form) {
      return;
    }
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => apply(form));
    form.addEventListener("reset", () => setTimeout(() => apply(form), 0));
    const ranking = form.elements.ranking;
    if (ranking) {
      const first = ranking.value;
      choose(form, first);
      choose(form, decodeURIComponent(location.hash.slice(1)));
      ranking.addEventListener("change", () => {
        choose(form, ranking.value);
        history.replaceState(null, "", `#${ranking.value}`);
        apply(form);
      });
      window.addEventListener("hashchange", () => {
        choose(form, decodeURIComponent(location.hash.slice(1)) || first);
        apply(form);
      });
    }
    apply(form);
  }

  // names and ranks are looked through from their beginning: the library begins at the end
  document.addEventListener(
    "click",
    (event) => {
      const header = event.target.closest("th[data-first=ascending]");
      if (header && !header.hasAttribute("aria-sort")) {
        header.setAttribute("aria-sort", "descending");
      }
    },
    true
  );
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) {
      return;
    }
    // by a selection: it needs no permission, and stays to be copied by hand where that fails
    const range = document.createRange();
    range.selectNodeContents(document.getElementById(button.dataset.copy));
    const chosen = window.getSelection();
    chosen.removeAllRanges();
    chosen.addRange(range);
    button.textContent = document.execCommand("copy") ? "Copied" : "Selected: press Ctrl+C";
  });
  start();
})();
