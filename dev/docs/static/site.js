// Formulas that are wider than the page shrink a little before they scroll.
window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const smallest = 0.65;
  const fit = () => {
    for (const formula of document.querySelectorAll(".bd-article mjx-container")) {
      formula.style.fontSize = "";
      formula.classList.remove("too-wide");
      formula.removeAttribute("tabindex");
      const svg = formula.querySelector("svg"), block = formula.closest("div, p, li, td, dd");
      const room = () => block.clientWidth - number(formula) , needed = () => svg.getBoundingClientRect().width;
      if (needed() > room()) {
        const now = parseFloat(getComputedStyle(formula).fontSize);
        formula.style.fontSize = `${now * Math.max(smallest, (0.98 * room()) / needed())}px`;
      }
      if (needed() > room()) {  // what still scrolls can be reached by keyboard
        formula.classList.add("too-wide");
        formula.tabIndex = 0;
      }
    }
  };
  // the width that the number of a displayed equation takes
  const number = (formula) => {
    const label = formula.closest("div.math")?.querySelector("span.eqno");
    return label && getComputedStyle(label).float !== "none" ? label.offsetWidth + 16 : 0;
  };
  fit();
  window.addEventListener("resize", fit);
});
