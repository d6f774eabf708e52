// Pictures and formulas that are wider than the page. Formulas: first they break at wide spaces and at signs,
// then they shrink, then they scroll.
window.addEventListener("load", async () => {
  // on a phone, a wide picture keeps a size at which its labels can be read, and scrolls in its box
  const boxes = [...document.querySelectorAll(".bd-article .cell_output img")].filter((img) => img.naturalWidth > 560);
  boxes.forEach((picture, k) => {
    boxes[k] = Object.assign(document.createElement("div"), {className: "wide-picture"});
    picture.replaceWith(boxes[k]);
    boxes[k].append(picture);
  });
  // what scrolls can be reached by keyboard
  const reach = (box, scrolls) => { if (scrolls) box.tabIndex = 0; else box.removeAttribute("tabindex"); };

  await window.MathJax?.startup?.promise;
  const shared = window.MathJax?.startup?.document, smallest = 0.55, compiled = 20;

  const width = (formula) => formula.querySelector("svg").getBoundingClientRect().width;
  const room = (item) => item.display ? item.typesetRoot.clientWidth
    : item.typesetRoot.closest("div, p, li, td, dd, figcaption").clientWidth;
  const isTooWide = (item) => width(item.typesetRoot) > room(item) + 1;

  // a formula in parts: a new one starts before or at each wide space or sign outside all brackets and environments
  const SPACE = /^\\q?quad$/, SIGN = /^(=|<|>|\\(le|ge|leq|geq|approx|sim|to|propto))$/;
  const split = (tex, at) => {
    let depth = 0;
    const found = [""];
    for (const [token] of tex.matchAll(/\\[a-zA-Z]+|\\[^]|[{}()[\]=<>]|[^\\{}()[\]=<>]+/g)) {
      if (/^([{([]|\\begin|\\left|\\langle|\\lVert|\\lceil)$/.test(token)) depth++;
      if (/^([})\]]|\\end|\\right|\\rangle|\\rVert|\\rceil)$/.test(token)) depth--;
      if (depth === 0 && at.test(token)) found.push("");
      if (depth !== 0 || !SPACE.test(token) || at !== SPACE) found[found.length - 1] += token;
    }
    return found.map((part) => part.trim()).filter(Boolean);
  };
  const aligned = (lines) => `\\begin{aligned}&${lines.join("\\\\[.4em]&")}\\end{aligned}`;
  const atSpaces = (tex) => aligned(split(tex, SPACE));
  const atSigns = (tex) => aligned(split(tex, SPACE).flatMap((part) => {
    const [left, first = "", ...more] = split(part, SIGN);
    return [left + first, ...more.map((line) => `\\quad ${line}`)];
  }));
  const atAllSigns = (tex) => aligned(split(tex, SPACE).flatMap((part) => {
    const [left, ...more] = split(part, SIGN);
    return [left, ...more.map((line) => `\\quad ${line}`)];
  }));
  const put = (item, tex) => {
    if (item.math !== tex) { item.math = tex; item.rerender(shared, compiled); }
  };
  const fit = () => {
    for (const box of boxes) reach(box, box.scrollWidth > box.clientWidth);
    for (const item of shared?.math ?? []) {
      item.whole ??= item.math;
      put(item, item.whole);
      item.typesetRoot.style.fontSize = "";
      for (const broken of item.display ? [atSpaces, atSigns, atAllSigns] : []) {
        if (isTooWide(item)) put(item, broken(item.whole));
      }
      const formula = item.typesetRoot;
      const normal = parseFloat(getComputedStyle(formula).fontSize);
      let size = normal;
      while (isTooWide(item) && size > smallest * normal) {  // not in one step: browsers round the height of an x
        size = Math.max(smallest * normal, size * Math.min(0.98, (0.98 * room(item)) / width(formula)));
        formula.style.fontSize = `${size}px`;
      }
      const scrolls = isTooWide(item);
      formula.classList.toggle("too-wide", scrolls);
      reach(formula, scrolls);
    }
  };
  fit();
  let last = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth !== last) { last = window.innerWidth; fit(); }
  });
});

// The ledger: boxes that choose rows by topic, basis, kind and verdict, and a field for words. Without JavaScript the
// table is whole.
window.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("table.ledger")) {
    const rows = [...table.querySelectorAll("tbody tr")];
    if (rows.length < 20) continue;
    const bar = Object.assign(document.createElement("form"), {className: "ledger-choice"});
    bar.setAttribute("aria-label", "Choose claims");
    const count = Object.assign(document.createElement("output"), {ariaLive: "polite"});
    const label = (text, control) => {
      const box = document.createElement("label");
      box.append(text, " ", control);
      bar.append(box);
      return control;
    };
    const choices = ["topic", "basis", "kind", "verdict"].map((key) => {
      const values = [...new Set(rows.map((row) => row.dataset[key]))].sort();
      const select = document.createElement("select");
      select.append(new Option("all", ""), ...values.map((value) => new Option(value, value)));
      return [key, label(key, select)];
    });
    const words = label("words", Object.assign(document.createElement("input"), {type: "search", size: 14}));
    const choose = () => {
      const text = words.value.toLowerCase();
      let shown = 0;
      for (const row of rows) {
        const fits = choices.every(([key, select]) => !select.value || row.dataset[key] === select.value)
          && row.textContent.toLowerCase().includes(text);
        row.hidden = !fits;
        shown += fits;
      }
      count.textContent = `${shown} of ${rows.length} claims`;
    };
    bar.addEventListener("input", choose);
    bar.addEventListener("submit", (event) => event.preventDefault());
    bar.append(count);
    (table.closest(".cell_output") ?? table).before(bar);
    choose();
  }
});
