// Draws the pictures of tensor_overparam.explore: panels with axes, controls, and two ways to get a picture,
// from a table of precomputed states (`start`) or from a kernel (`live`). No dependency, no request to anywhere.
function tensorExplorer() {
  const COLORS = {  // name: [on light, on dark]; the names and the light column are those of views.COLORS
    modified: ["#0072B2", "#4FA9E2"], lazy: ["#D55E00", "#F2802B"], vanilla: ["#009E73", "#2BC79B"],
    scaled: ["#CC79A7", "#E29CC4"], orange: ["#E69F00", "#F0B429"], sky: ["#56B4E9", "#8FD0F5"],
    theory: ["#767676", "#A0A0A0"], ink: ["#000000", "#F0F0F0"]};
  const CYCLE = ["modified", "lazy", "vanilla", "scaled", "orange", "sky"];
  const SCALE = ["#00224E", "#35456C", "#666970", "#948E77", "#C8B866", "#FEE838"];  // cividis
  const paint = Object.entries(COLORS).map(([name, [light, dark]]) => [`--tx-${name}:${light};`, `--tx-${name}:${dark};`]);
  const STYLE = `.tx{${paint.map((p) => p[0]).join("")}color:inherit;font:14px/1.45 system-ui,sans-serif;margin:1em 0;
    padding:.8em 1em;border:1px solid color-mix(in srgb,currentColor 25%,transparent);border-radius:8px;
    box-sizing:border-box;max-width:100%;min-width:0;text-align:left}
  .tx.tx-dark{${paint.map((p) => p[1]).join("")}}
  .tx *{box-sizing:border-box} .tx p{margin:.35em 0;font-size:inherit} .tx .tx-title{font-weight:600;font-size:1.1em}
  .tx-controls{display:grid;gap:.35em 1.4em;margin:.6em 0;
    grid-template-columns:repeat(auto-fit,minmax(min(100%,15em),1fr))}
  .tx-control{display:grid;grid-template-columns:1fr auto;gap:0 .6em;align-items:center;min-width:0}
  .tx-control input[type=range]{grid-column:1/-1;width:100%;min-width:0;margin:0;height:1.9em}
  .tx-control select{grid-column:1/-1;width:100%;min-width:0;min-height:2.1em;font:inherit}
  .tx-control output{font-variant-numeric:tabular-nums;font-weight:600}
  .tx-control input[type=text]{width:6.5em;font:inherit;text-align:right}
  .tx-actions{display:flex;flex-wrap:wrap;gap:.5em 1em;align-items:center;margin:.4em 0;min-height:2em}
  .tx-actions button{font:inherit;padding:.2em .9em} .tx-actions progress{flex:1;min-width:6em;max-width:16em}
  .tx-error{font-weight:600;padding:.3em .7em;border-left:4px solid var(--tx-lazy)}
  .tx-panels{display:grid;gap:.8em 1.2em;grid-template-columns:repeat(auto-fit,minmax(min(100%,19em),1fr))}
  .tx .tx-panel{margin:0;min-width:0;padding:0} .tx .tx-panel :is(figcaption,.tx-legend,.tx-hover,.tx-unit){font-size:12.5px;
    line-height:1.45;margin:0;padding:0;text-align:left;color:inherit;font-style:normal}
  .tx .tx-panel figcaption{font-weight:600} .tx-legend{display:flex;flex-wrap:wrap;gap:0 1em}
  .tx-legend span{display:inline-flex;align-items:center;gap:.35em} .tx-hover{min-height:1.45em} .tx-panel svg{display:block;width:100%;touch-action:pan-y}
  .tx-panel svg text{font:11.5px system-ui,sans-serif;fill:currentColor}
  .tx :focus-visible{outline:2px solid var(--tx-modified);outline-offset:2px}`;
  let count = 0;
  const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const good = (v) => v !== null && Number.isFinite(v);

  // --- numbers for the eye ---
  const POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const power = (k) => "10" + String(k).replace(/-/, "⁻").replace(/\d/g, (n) => POWERS[n]);
  function show(v) {
    if (typeof v !== "number") return String(v);
    if (v !== 0 && (Math.abs(v) < 1e-3 || Math.abs(v) >= 1e5)) {
      const [digits, k] = v.toExponential(2).split("e");
      return `${Number(digits) === 1 ? "" : `${Number(digits)}·`}${power(Number(k))}`.replace("-", "−");
    }
    return String(Number(v.toPrecision(4))).replace("-", "−");
  }
  function ticks(axis, most) {
    const {lo, hi, log} = axis, found = [];
    if (log) {
      const a = Math.ceil(Math.log10(lo) - 1e-9), b = Math.floor(Math.log10(hi) + 1e-9);
      const every = Math.ceil((b - a + 1) / most), within = b - a < 1 ? [1, 2, 5] : b - a < 2 && most > 4 ? [1, 3] : [1];
      for (let k = a - 1; k <= b; k += every) for (const n of within) found.push(n * 10 ** k);
      if (every > 1) { found.length = 0; for (let k = b; k >= a; k -= every) found.push(10 ** k); }
    } else {
      const rough = (hi - lo) / most, unit = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].find((n) => n * unit >= rough * 0.999) * unit;
      for (let k = Math.ceil(lo / step - 1e-6); k * step <= hi + 1e-6 * step; k++) found.push(k * step);
    }
    return found.filter((v) => v >= lo * (1 - 1e-9 * Math.sign(lo)) && v <= hi * (1 + 1e-9 * Math.sign(hi)));
  }

  // --- axes ---
  function axis(values, range, log, from, to, tight) {
    let ok = [];
    for (const v of values) if (good(v) && (!log || v > 0)) ok.push(v);
    if (!ok.length) ok = log ? [0.1, 1] : [0, 1];
    let lo = ok.reduce((a, b) => Math.min(a, b)), hi = ok.reduce((a, b) => Math.max(a, b));
    const pad = tight ? 0 : 0.05;
    if (log) { const grow = lo === hi ? 2 : (hi / lo) ** pad; lo /= grow; hi *= grow; }
    else { const grow = lo === hi ? 0.5 : (hi - lo) * pad; lo -= grow; hi += grow; }
    if (range) [lo, hi] = range;
    const scale = log ? Math.log : (v) => v, a = scale(lo), b = scale(hi);
    const at = (v) => from + (to - from) * (scale(v) - a) / (b - a);
    return {lo, hi, log, at, seen: (v) => good(v) && (!log || v > 0)};
  }
  function square(X, Y, box) {  // one unit is as long across as up: the axis with more room is extended
    const across = (box.right - box.left) / (X.hi - X.lo), up = (box.bottom - box.top) / (Y.hi - Y.lo), unit = Math.min(across, up);
    for (const [A, from, to] of [[X, box.left, box.right], [Y, box.bottom, box.top]]) {
      const middle = (A.lo + A.hi) / 2, half = Math.abs(to - from) / unit / 2;
      A.lo = middle - half; A.hi = middle + half;
      A.at = (v) => from + (to - from) * (v - A.lo) / (A.hi - A.lo);
    }
  }
  const isGuide = (s) => s.kind === "vertical" || s.kind === "horizontal";
  const color = (s, k) => `var(--tx-${COLORS[s.color] ? s.color : CYCLE[k % CYCLE.length]})`;

  // --- marks ---
  function mark(shape, x, y, r, fill) {
    if (shape === 1) return `<rect x="${x - r}" y="${y - r}" width="${2 * r}" height="${2 * r}" fill="${fill}"/>`;
    if (shape === 2) return `<path d="M${x} ${y - 1.2 * r}l${1.2 * r} ${2.2 * r}h${-2.4 * r}z" fill="${fill}"/>`;
    if (shape === 3) return `<path d="M${x} ${y - 1.4 * r}l${1.4 * r} ${1.4 * r}l${-1.4 * r} ${1.4 * r}l${-1.4 * r} ${-1.4 * r}z" fill="${fill}"/>`;
    if (shape === 4) return `<path d="M${x} ${y + 1.2 * r}l${1.2 * r} ${-2.2 * r}h${-2.4 * r}z" fill="${fill}"/>`;
    if (shape === 5) return `<path d="M${x - 1.2 * r} ${y}h${2.4 * r}M${x} ${y - 1.2 * r}v${2.4 * r}" stroke="${fill}" stroke-width="2"/>`;
    return `<circle cx="${x}" cy="${y}" r="${r}" fill="${fill}"/>`;
  }
  function path(s, X, Y) {
    let d = "", pen = "M";
    for (let i = 0; i < s.x.length; i++) {
      if (!X.seen(s.x[i]) || !Y.seen(s.y[i])) { pen = "M"; continue; }
      const y = Math.max(-1e4, Math.min(1e4, Y.at(s.y[i])));
      d += `${pen}${X.at(s.x[i]).toFixed(1)} ${y.toFixed(1)}`; pen = "L";
    }
    return d;
  }
  function shapes(s, k, X, Y, box) {
    const c = color(s, k), stroke = `fill="none" stroke="${c}"`;
    if (s.kind === "line") return `<path d="${path(s, X, Y)}" ${stroke} stroke-width="2"/>`;
    if (s.kind === "dashed") return `<path d="${path(s, X, Y)}" ${stroke} stroke-width="1.6" stroke-dasharray="6 4"/>`;
    if (s.kind === "vertical") return s.x.filter(X.seen).map((v) => `<path d="M${X.at(v).toFixed(1)} ${box.top}V${box.bottom}" ${stroke} stroke-width="1.4" stroke-dasharray="3 3"/>`).join("");
    if (s.kind === "horizontal") return s.y.filter(Y.seen).map((v) => `<path d="M${box.left} ${Y.at(v).toFixed(1)}H${box.right}" ${stroke} stroke-width="1.4" stroke-dasharray="3 3"/>`).join("");
    if (s.kind === "bars") {
      const w = Math.max(3, Math.min(40, 0.7 * (box.right - box.left) / Math.max(1, s.x.length))), zero = Y.at(Y.log ? Y.lo : Math.max(0, Y.lo));
      return s.x.map((v, i) => good(s.y[i]) ? `<rect x="${(X.at(v) - w / 2).toFixed(1)}" y="${Math.min(zero, Y.at(s.y[i])).toFixed(1)}" width="${w.toFixed(1)}" height="${Math.abs(zero - Y.at(s.y[i])).toFixed(1)}" fill="${c}"/>` : "").join("");
    }
    let out = s.kind === "marked" ? `<path d="${path(s, X, Y)}" ${stroke} stroke-width="1.6"/>` : "";
    for (let i = 0; i < s.x.length; i++) if (X.seen(s.x[i]) && Y.seen(s.y[i])) out += mark(k % 6, +X.at(s.x[i]).toFixed(1), +Y.at(s.y[i]).toFixed(1), s.x.length > 60 ? 2 : 3.5, c);
    return out;
  }
  const tint = (t) => {
    const u = Math.max(0, Math.min(1, t)) * (SCALE.length - 1), i = Math.min(SCALE.length - 2, Math.floor(u));
    const rgb = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16)), a = rgb(SCALE[i]), b = rgb(SCALE[i + 1]);
    return `rgb(${a.map((v, k) => Math.round(v + (b[k] - v) * (u - i))).join(",")})`;
  };
  function edges(values, A) {
    const p = Array.from(values, A.at), n = p.length;
    const mid = p.slice(1).map((v, i) => (v + p[i]) / 2);
    return [n > 1 ? 2 * p[0] - mid[0] : p[0] - 20, ...mid, n > 1 ? 2 * p[n - 1] - mid[n - 2] : p[0] + 20];
  }
  function heat(f, X, Y) {
    const ok = Array.from(f.z).filter(good), [lo, hi] = f.z_range || [Math.min(...ok), Math.max(...ok)];
    const ex = edges(f.x, X), ey = edges(f.y, Y);
    let out = "";
    for (let j = 0; j < f.y.length; j++) for (let i = 0; i < f.x.length; i++) {
      const z = f.z[j * f.x.length + i], y = Math.min(ey[j], ey[j + 1]);
      if (good(z)) out += `<rect x="${(ex[i] - 0.25).toFixed(1)}" y="${(y - 0.25).toFixed(1)}" width="${(Math.abs(ex[i + 1] - ex[i]) + 0.5).toFixed(1)}" height="${(Math.abs(ey[j + 1] - ey[j]) + 0.5).toFixed(1)}" fill="${tint((z - lo) / (hi - lo || 1))}"/>`;
    }
    return {svg: out, lo, hi, ex, ey};
  }

  // --- a panel ---
  function label(x) { return x ? ` of ${x}` : ""; }
  function said(panel) {
    const parts = panel.series.filter((s) => s.x.length + s.y.length).map((s, k) => {
      const name = s.label || `curve ${k + 1}`, ok = Array.from(s.y).filter(good);
      if (s.kind === "vertical") return `${name} at ${Array.from(s.x, show).join(", ")}`;
      if (s.kind === "horizontal") return `${name} at ${Array.from(s.y, show).join(", ")}`;
      if (!ok.length) return `${name}: nothing to show`;
      return `${name} from ${show(ok[0])} to ${show(ok[ok.length - 1])}, between ${show(ok.reduce((a, b) => Math.min(a, b)))} and ${show(ok.reduce((a, b) => Math.max(a, b)))}`;
    });
    if (panel.field) { const ok = Array.from(panel.field.z).filter(good); parts.unshift(`map${label(panel.field.label)} with values from ${show(Math.min(...ok))} to ${show(Math.max(...ok))}`); }
    return `${panel.title}: ${panel.y_label} against ${panel.x_label}. ${parts.join("; ")}.`;
  }
  function legend(panel) {
    const item = (s, k) => {
      const c = color(s, k), dash = {dashed: "5 3", vertical: "2 2", horizontal: "2 2"}[s.kind];
      const drawn = s.kind === "points" || s.kind === "marked" ? mark(k % 6, 9, 5, 3.5, c) + (s.kind === "marked" ? `<path d="M0 5H18" stroke="${c}" stroke-width="1.6"/>` : "") : s.kind === "bars" ? `<rect x="3" width="12" height="10" fill="${c}"/>`
        : `<path d="M0 5H18" stroke="${c}" stroke-width="2" ${dash ? `stroke-dasharray="${dash}"` : ""}/>`;
      return s.label ? `<span><svg width="18" height="10" style="width:18px" aria-hidden="true">${drawn}</svg>${escape(s.label)}</span>` : "";
    };
    const names = panel.series.map(item).join("");
    return `<div class="tx-legend">${names}</div>`;
  }
  function drawPanel(node, panel) {
    const width = Math.max(240, node.clientWidth), height = Math.round(Math.min(290, Math.max(190, width * 0.62)));
    const marks = panel.series, f = panel.field, curves = marks.filter((s) => !isGuide(s));
    const all = (key) => [...curves, ...(f ? [f] : [])].flatMap((s) => Array.from(s[key])).concat(marks.filter((s) => isGuide(s) && !curves.length && !f).flatMap((s) => Array.from(s[key])));
    const probe = axis(all("y"), panel.y_range, panel.y_log, 1, 0), bars = curves.some((s) => s.kind === "bars");
    const widest = Math.max(...ticks(probe, 5).map((v) => show(v).length), 2);
    const box = {left: 12 + 6.6 * widest, right: width - 12, top: 8, bottom: height - 36};
    const xs = all("x"), inset = f ? (box.right - box.left) / (2 * Math.max(f.x.length, 1)) : bars ? 26 : 0;
    const X = axis(xs, panel.x_range, panel.x_log, box.left + inset, box.right - inset, true);
    const ys = bars && !panel.y_log ? all("y").concat(0) : all("y"), step = f ? (box.bottom - box.top) / (2 * Math.max(f.y.length, 1)) : 0;
    const Y = axis(ys, panel.y_range, panel.y_log, box.bottom - step, box.top + step, Boolean(f));
    if (panel.equal) square(X, Y, box);
    const map = f ? heat(f, X, Y) : null, id = `tx-clip-${++count}`;
    const xticks = (f ? thin(Array.from(f.x), 9) : ticks(X, Math.max(4, Math.floor(width / 75))).filter((v) => !bars || Number.isInteger(v))), yticks = f ? thin(Array.from(f.y), 9) : ticks(Y, 5);
    const grid = xticks.map((v) => `<path d="M${X.at(v).toFixed(1)} ${box.bottom}v5" stroke="currentColor"/><text x="${X.at(v).toFixed(1)}" y="${box.bottom + 17}" text-anchor="middle">${show(v)}</text>`).join("")
      + yticks.map((v) => `<path d="M${box.left} ${Y.at(v).toFixed(1)}${f ? "h-5" : `H${box.right}`}" stroke="currentColor" opacity="${f ? 1 : 0.14}"/><text x="${box.left - 7}" y="${(Y.at(v) + 4).toFixed(1)}" text-anchor="end">${show(v)}</text>`).join("");
    const frame = `<path d="M${box.left} ${box.top}V${box.bottom}H${box.right}" fill="none" stroke="currentColor"/>`;
    node.innerHTML = `<figcaption>${escape(panel.title)}</figcaption>${legend(panel)}<p class="tx-unit">${escape(panel.y_label)}${f && f.label ? ` · colour: ${escape(f.label)}, <span style="display:inline-block;width:5em;height:.75em;background:linear-gradient(90deg,${SCALE})"></span> ${show(map.lo)} to ${show(map.hi)}` : ""}</p>
      <svg viewBox="0 0 ${width} ${height}" height="${height}" role="img" aria-label="${escape(said(panel))}"><clipPath id="${id}"><rect x="${box.left - 4}" y="${box.top - 4}" width="${box.right - box.left + 8}" height="${box.bottom - box.top + 8}"/></clipPath>
      ${f ? "" : grid}<g clip-path="url(#${id})">${map ? map.svg : ""}${marks.map((s, k) => shapes(s, k, X, Y, box)).join("")}</g>${f ? grid : ""}${frame}
      <text x="${(box.left + box.right) / 2}" y="${height - 4}" text-anchor="middle">${escape(panel.x_label)}</text><g class="tx-dot"></g></svg><p class="tx-hover" aria-hidden="true"></p>`;
    hover(node, panel, X, Y, map, width);
  }
  const thin = (v, most) => v.filter((_, i) => i % Math.ceil(v.length / most) === 0);
  function hover(node, panel, X, Y, map, width) {
    const svg = node.querySelector("svg[role=img]"), out = node.querySelector(".tx-hover"), dot = node.querySelector(".tx-dot");
    svg.onpointerleave = () => { out.textContent = ""; dot.innerHTML = ""; };
    svg.onpointermove = (event) => {
      const at = svg.getBoundingClientRect(), px = (event.clientX - at.left) * width / at.width, py = (event.clientY - at.top) * width / at.width;
      let best = null;
      panel.series.forEach((s, k) => { if (!isGuide(s)) for (let i = 0; i < s.x.length; i++) if (X.seen(s.x[i]) && Y.seen(s.y[i])) {
        const far = (X.at(s.x[i]) - px) ** 2 + (Y.at(s.y[i]) - py) ** 2;
        if (!best || far < best.far) best = {far, s, k, i};
      } });
      if (best && best.far < (map ? 64 : 1e9)) {
        const {s, k, i} = best;
        dot.innerHTML = `<circle cx="${X.at(s.x[i])}" cy="${Y.at(s.y[i])}" r="5" fill="none" stroke="${color(s, k)}" stroke-width="2"/>`;
        out.textContent = `${s.label ? s.label + ": " : ""}${panel.x_label} ${show(s.x[i])}, ${panel.y_label} ${show(s.y[i])}`;
      } else if (map) {
        const f = panel.field, cell = (e, p) => e.findIndex((v, i) => i + 1 < e.length && (p - v) * (p - e[i + 1]) <= 0);
        const i = cell(map.ex, px), j = cell(map.ey, py), n = j * f.x.length + i;
        dot.innerHTML = i < 0 || j < 0 ? "" : `<rect x="${map.ex[i]}" y="${Math.min(map.ey[j], map.ey[j + 1])}" width="${Math.abs(map.ex[i + 1] - map.ex[i])}" height="${Math.abs(map.ey[j + 1] - map.ey[j])}" fill="none" stroke="var(--tx-lazy)" stroke-width="2"/>`;
        out.textContent = i < 0 || j < 0 ? "" : `${panel.x_label} ${show(f.x[i])}, ${panel.y_label} ${show(f.y[j])}: ${f.notes && f.notes[n] ? f.notes[n] : good(f.z[n]) ? show(f.z[n]) : "no value"}`;
      }
    };
  }

  // --- the whole: title, controls, panels ---
  function build(root, spec, live, change) {
    if (!document.getElementById("tx-style")) {
      const style = document.createElement("style");
      style.id = "tx-style"; style.textContent = STYLE; document.head.append(style);
    }
    root.classList.add("tx");
    root.setAttribute("role", "group"); root.setAttribute("aria-label", `Explorer: ${spec.title}`);
    const mine = ++count, now = spec.controls.map((c) => c.start), typed = spec.controls.map(() => null);
    const control = (c, k) => {
      const id = `tx-${mine}-${k}`, words = c.values.some((v) => typeof v !== "number");
      const field = words ? `<select id="${id}">${c.values.map((v, i) => `<option value="${i}"${i === c.start ? " selected" : ""}>${escape(v)}</option>`).join("")}</select>`
        : `<input type="range" id="${id}" min="0" max="${c.values.length - 1}" step="1" value="${c.start}">`;
      const value = words ? "<span></span>" : live ? `<input type="text" inputmode="decimal" autocomplete="off" aria-label="${escape(c.label)}, any value">` : `<output for="${id}"></output>`;
      return `<div class="tx-control"><label for="${id}">${escape(c.label)}</label>${value}${field}</div>`;
    };
    const actions = `<div class="tx-actions"><button type="button" class="tx-run">Run</button><label><input type="checkbox" class="tx-auto" checked> run at every change</label><button type="button" class="tx-cancel" disabled>Cancel</button><progress max="1" value="1" aria-label="progress"></progress><span role="status"></span></div><p class="tx-error" role="alert" hidden></p>`;
    root.innerHTML = `<p class="tx-title">${escape(spec.title)}</p><p>${escape(spec.about)}</p><div class="tx-controls">${spec.controls.map(control).join("")}</div>${live ? actions : ""}<div class="tx-panels"></div><p class="tx-text" aria-live="polite"></p>`;
    spec.controls.forEach((c, k) => {
      const field = root.querySelector(`[id="tx-${mine}-${k}"]`), box = field.parentNode, out = box.querySelector("output, input[type=text]");
      const tell = () => { const text = show(c.values[now[k]]); if (field.type === "range") field.setAttribute("aria-valuetext", text); if (out) out[out.tagName === "OUTPUT" ? "textContent" : "value"] = live ? String(c.values[now[k]]) : text; };
      field.addEventListener("input", () => { now[k] = Number(field.value); typed[k] = null; tell(); change(); });
      if (live && out) {   // Enter does not always end in a change where a host listens to keys
        const commit = () => { if (out.value !== typed[k]) { typed[k] = out.value; change(); } };
        out.addEventListener("change", commit);
        out.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); commit(); } });
      }
      tell();
    });
    let view = null, pending = 0;
    const panels = root.querySelector(".tx-panels");
    function paintAll() {
      pending = 0;
      if (!view) return;
      while (panels.children.length > view.panels.length) panels.lastChild.remove();
      while (panels.children.length < view.panels.length) { const f = document.createElement("figure"); f.className = "tx-panel"; panels.append(f); }
      view.panels.forEach((p, k) => drawPanel(panels.children[k], p));
      root.querySelector(".tx-text").textContent = view.text;
    }
    const later = () => { if (!pending) pending = requestAnimationFrame(paintAll); };
    const watch = themed(root);
    let wide = 0;
    const size = new ResizeObserver(() => { if (panels.clientWidth !== wide) { wide = panels.clientWidth; later(); } });
    size.observe(panels);
    return {
      indices: now, draw: (v) => { view = v; later(); }, find: (q) => root.querySelector(q),
      values: () => Object.fromEntries(spec.controls.map((c, k) => [c.name, typed[k] === null ? c.values[now[k]] : typed[k]])),
      close: () => { size.disconnect(); watch(); },
    };
  }
  function themed(root) {  // the host decides: light text means a dark page
    const look = () => {
      root.classList.remove("tx-dark");
      const [r, g, b] = (getComputedStyle(root).color.match(/[\d.]+/g) || [0, 0, 0]).map(Number);
      root.classList.toggle("tx-dark", 0.3 * r + 0.59 * g + 0.11 * b > 128);
    };
    const soon = () => requestAnimationFrame(look), media = matchMedia("(prefers-color-scheme: dark)"), eye = new MutationObserver(soon);
    for (const node of [document.documentElement, document.body]) eye.observe(node, {attributes: true, attributeFilter: ["class", "data-theme", "data-mode", "data-jp-theme-light"]});
    media.addEventListener("change", soon); look();
    return () => { eye.disconnect(); media.removeEventListener("change", soon); };
  }

  // --- static: pictures from a table ---
  function unpack(table, text) {
    const raw = atob(text), bytes = Uint8Array.from(raw, (c) => c.charCodeAt(0)), data = new DataView(bytes.buffer);
    let at = 0;
    return table.map((n) => Array.from({length: n}, () => { const v = data.getFloat32(at, true); at += 4; return v; }));
  }
  function fill(node, arrays) {
    if (Array.isArray(node)) return node.map((v) => fill(v, arrays));
    if (node === null || typeof node !== "object") return node;
    if (node.$ !== undefined) return arrays[node.$];
    return Object.fromEntries(Object.entries(node).map(([k, v]) => [k, fill(v, arrays)]));
  }
  function still(root) {
    const spec = JSON.parse(root.querySelector("script").textContent);
    root.dataset.ready = "yes";
    const pool = unpack(spec.lengths, spec.numbers);
    const at = () => page.indices.reduce((n, i, k) => n * spec.controls[k].values.length + i, 0);
    const draw = () => { const [form, text, ids] = spec.states[at()]; page.draw({...fill(spec.forms[form], ids.map((i) => pool[i])), text}); };
    const page = build(root, spec, false, draw);
    draw();
  }
  const start = () => document.querySelectorAll("[data-tensor-explorer]:not([data-ready])").forEach(still);

  // --- live: pictures from a kernel ---
  function live({model, el}) {
    const root = document.createElement("div"), mine = Math.random().toString(36).slice(2);
    el.append(root);
    let number = 0, first = true;
    const ask = () => { number++; complain(""); busy(true, "computing …"); model.send({type: "request", id: `${mine}.${number}`, values: page.values()}); };
    const page = build(root, model.get("spec"), true, () => { if (page.find(".tx-auto").checked) ask(); else page.find("[role=status]").textContent = "changed: press Run"; });
    const busy = (on, text) => { page.find(".tx-cancel").disabled = !on; page.find("[role=status]").textContent = text; };
    const complain = (text) => { const p = page.find(".tx-error"); p.hidden = !text; p.textContent = text; };
    // in JupyterLab the keys belong to the controls, and not to the notebook around them
    root.querySelectorAll("input, select, button").forEach((node) => node.setAttribute("data-lm-suppress-shortcuts", "true"));
    page.find(".tx-run").onclick = ask;
    page.find(".tx-cancel").onclick = () => model.send({type: "cancel", id: `${mine}.${number}`});
    const hear = (message) => {
      if (message.id !== `${mine}.${number}`) return;   // an answer to an older question
      if (message.type === "view") {
        complain(""); page.find("progress").value = message.view.progress; page.draw(message.view);
        busy(!message.done, message.done ? (first ? "ready" : "done") : `computing, ${Math.round(100 * message.view.progress)} %`);
        if (message.done) first = false;
      } else if (message.type === "cancelled") { busy(false, "cancelled"); }
      else if (message.type === "error") { complain(message.text); busy(false, ""); }
    };
    model.on("msg:custom", hear);
    ask();
    return () => { model.off("msg:custom", hear); page.close(); };
  }
  return {start, live};
}
