if (!window.tensorExplorer) window.tensorExplorer = (() => {
// Panels with axes, drawn from plain numbers: the first of the files of which tensor_overparam.explore makes its script.
// No dependency, no request to anywhere.
function tensorPanels() {
  const COLORS = {  // name: [on light, on dark]; the names and the light column are those of views.COLORS
    modified: ["#0072B2", "#4FA9E2"], lazy: ["#D55E00", "#F2802B"], vanilla: ["#009E73", "#2BC79B"],
    scaled: ["#CC79A7", "#E29CC4"], orange: ["#E69F00", "#F0B429"], sky: ["#56B4E9", "#8FD0F5"],
    theory: ["#767676", "#A0A0A0"], ink: ["#000000", "#F0F0F0"]};
  const CYCLE = ["modified", "lazy", "vanilla", "scaled", "orange", "sky"];
  const SCALE = ["#00224E", "#35456C", "#666970", "#948E77", "#C8B866", "#FEE838"];  // cividis
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
    const scale = log ? Math.log : (v) => v, unscale = log ? Math.exp : (v) => v;
    const A = {lo, hi, log, seen: (v) => good(v) && (!log || v > 0)};
    A.at = (v) => from + (to - from) * (scale(v) - scale(A.lo)) / (scale(A.hi) - scale(A.lo));
    A.back = (p) => unscale(scale(A.lo) + (scale(A.hi) - scale(A.lo)) * (p - from) / (to - from));   // its inverse
    return A;
  }
  function square(X, Y, box) {  // one unit is as long across as up: the axis with more room is extended
    const across = (box.right - box.left) / (X.hi - X.lo), up = (box.bottom - box.top) / (Y.hi - Y.lo), unit = Math.min(across, up);
    for (const [A, from, to] of [[X, box.left, box.right], [Y, box.bottom, box.top]]) {
      const middle = (A.lo + A.hi) / 2, half = Math.abs(to - from) / unit / 2;
      A.lo = middle - half; A.hi = middle + half;
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
  function legend(panel, ghosts) {
    const item = (drawn, name) => `<span><svg width="18" height="10" style="width:18px" aria-hidden="true">${drawn}</svg>${escape(name)}</span>`;
    const rule = (c, w, dash) => `<path d="M0 5H18" stroke="${c}" stroke-width="${w}" ${dash ? `stroke-dasharray="${dash}"` : ""}/>`;
    const names = panel.series.map((s, k) => {
      const c = color(s, k), dash = {dashed: "5 3", vertical: "2 2", horizontal: "2 2"}[s.kind];
      const drawn = s.kind === "points" || s.kind === "marked" ? mark(k % 6, 9, 5, 3.5, c) + (s.kind === "marked" ? rule(c, 1.6) : "")
        : s.kind === "bars" ? `<rect x="3" width="12" height="10" fill="${c}"/>` : rule(c, 2, dash);
      return s.label ? item(drawn, s.label) : "";
    });
    return names.join("") + ghosts.map((g, k) => item(rule(GREY, 1.4, DASHES[k % 3]), g.label)).join("");
  }
  // what is pinned: thin and grey, under what moves
  const GREY = "var(--tx-theory)", DASHES = ["4 3", "1.5 3", "9 3 2 3"];
  function ghost(s, n, X, Y, box) {
    const stroke = `fill="none" stroke="${GREY}" stroke-width="1.4"`;
    if (s.kind === "bars") return shapes({...s, color: "theory"}, 0, X, Y, box).replaceAll(`fill="${GREY}"`, stroke);
    let out = s.kind === "points" ? "" : `<path d="${path(s, X, Y)}" ${stroke} stroke-dasharray="${DASHES[n % 3]}"/>`;
    if (s.kind === "points" || s.kind === "marked") for (let i = 0; i < s.x.length; i++) if (X.seen(s.x[i]) && Y.seen(s.y[i])) {
      out += `<circle cx="${X.at(s.x[i]).toFixed(1)}" cy="${Y.at(s.y[i]).toFixed(1)}" r="${s.x.length > 60 ? 2 : 4}" ${stroke}/>`;
    }
    return out;
  }
  const PARTS = `<figcaption></figcaption><div class="tx-legend"></div><p class="tx-unit"></p><div class="tx-plot"><div class="tx-picture"></div></div>
    <p class="tx-note"></p><p class="tx-hover" aria-hidden="true"></p>`;
  function drawPanel(node, panel, ghosts, act) {   // act: how handles and the map set knobs; see `build`
    if (!node.firstChild) node.innerHTML = PARTS;   // what is held by a finger or the keyboard has to stay
    const part = (name) => node.querySelector(name), f = panel.field, marks = panel.series;
    part("figcaption").textContent = panel.title;
    part(".tx-legend").innerHTML = legend(panel, ghosts);
    part(".tx-note").textContent = panel.note || "";
    const width = Math.max(240, node.clientWidth), height = Math.round(Math.min(290, Math.max(190, width * 0.62)));
    const curves = [...marks, ...ghosts.flatMap((g) => g.series)].filter((s) => !isGuide(s));
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
    part(".tx-unit").innerHTML = `${escape(panel.y_label)}${f && f.label ? ` · colour: ${escape(f.label)}, <span style="display:inline-block;width:5em;height:.75em;background:linear-gradient(90deg,${SCALE})"></span> ${show(map.lo)} to ${show(map.hi)}` : ""}`;
    const xticks = (f ? thin(Array.from(f.x), 9) : ticks(X, Math.max(4, Math.floor(width / 75))).filter((v) => !bars || Number.isInteger(v))), yticks = f ? thin(Array.from(f.y), 9) : ticks(Y, 5);
    const grid = xticks.map((v) => `<path d="M${X.at(v).toFixed(1)} ${box.bottom}v5" stroke="currentColor"/><text x="${X.at(v).toFixed(1)}" y="${box.bottom + 17}" text-anchor="middle">${show(v)}</text>`).join("")
      + yticks.map((v) => `<path d="M${box.left} ${Y.at(v).toFixed(1)}${f ? "h-5" : `H${box.right}`}" stroke="currentColor" opacity="${f ? 1 : 0.14}"/><text x="${box.left - 7}" y="${(Y.at(v) + 4).toFixed(1)}" text-anchor="end">${show(v)}</text>`).join("");
    const frame = `<path d="M${box.left} ${box.top}V${box.bottom}H${box.right}" fill="none" stroke="currentColor"/>`;
    const pinned = ghosts.map((g, n) => g.series.filter((s) => !isGuide(s)).map((s) => ghost(s, n, X, Y, box)).join("")).join("");
    const words = said(panel) + ghosts.map((g) => ` Grey: ${g.label}.`).join("");
    part(".tx-picture").innerHTML = `<svg viewBox="0 0 ${width} ${height}" height="${height}" role="img" aria-label="${escape(words)}"><clipPath id="${id}"><rect x="${box.left - 4}" y="${box.top - 4}" width="${box.right - box.left + 8}" height="${box.bottom - box.top + 8}"/></clipPath>
      ${f ? "" : grid}<g clip-path="url(#${id})">${map ? map.svg : ""}${pinned}${marks.map((s, k) => shapes(s, k, X, Y, box)).join("")}</g>${f ? grid : ""}${frame}
      <text x="${(box.left + box.right) / 2}" y="${height - 4}" text-anchor="middle">${escape(panel.x_label)}</text><g class="tx-dot"></g></svg>`;
    const svg = part("svg[role=img]");
    hover(node, panel, X, Y, map, width);
    if (map && f.sets) click(svg, f, map, width, act);
    hold(part(".tx-plot"), svg, panel, X, Y, width, act);
  }
  const thin = (v, most) => v.filter((_, i) => i % Math.ceil(v.length / most) === 0);
  function hover(node, panel, X, Y, map, width) {
    const svg = node.querySelector("svg[role=img]"), out = node.querySelector(".tx-hover"), dot = node.querySelector(".tx-dot");
    svg.onpointerleave = () => { out.textContent = ""; dot.innerHTML = ""; };
    svg.onpointermove = (event) => {
      const [px, py] = place(svg, event, width);
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
        const f = panel.field, i = cell(map.ex, px), j = cell(map.ey, py), n = j * f.x.length + i;
        dot.innerHTML = i < 0 || j < 0 ? "" : `<rect x="${map.ex[i]}" y="${Math.min(map.ey[j], map.ey[j + 1])}" width="${Math.abs(map.ex[i + 1] - map.ex[i])}" height="${Math.abs(map.ey[j + 1] - map.ey[j])}" fill="none" stroke="var(--tx-lazy)" stroke-width="2"/>`;
        out.textContent = i < 0 || j < 0 ? "" : `${panel.x_label} ${show(f.x[i])}, ${panel.y_label} ${show(f.y[j])}: ${f.notes && f.notes[n] ? f.notes[n] : good(f.z[n]) ? show(f.z[n]) : "no value"}`;
      }
    };
  }

  // --- touch: a map that is clicked, handles that are dragged ---
  const cell = (e, p) => e.findIndex((v, i) => i + 1 < e.length && (p - v) * (p - e[i + 1]) <= 0);
  const place = (svg, event, width) => { const at = svg.getBoundingClientRect(), k = width / at.width; return [(event.clientX - at.left) * k, (event.clientY - at.top) * k]; };
  function click(svg, f, map, width, act) {
    svg.style.cursor = "pointer";
    svg.onclick = (event) => {
      const [px, py] = place(svg, event, width), at = [cell(map.ex, px), cell(map.ey, py)];
      if (at[0] < 0 || at[1] < 0) return;
      act.aim(f.sets.flatMap((to, k) => to ? [{name: to.name, value: to.values ? to.values[at[k]] : [f.x, f.y][k][at[k]]}] : []));
    };
  }
  const RULES = ["across", "up", "turn"];
  function hold(plot, svg, panel, X, Y, width, act) {   // as many elements as handles; each keeps focus and finger while all is redrawn
    const place = (h, i) => ({...h, x: panel.held[4 * i], y: panel.held[4 * i + 1], origin: panel.held[4 * i + 2], scale: panel.held[4 * i + 3]});
    const handles = (panel.handles || []).map(place).filter((h) => RULES.some((r) => h[r] && act.knob(h[r]))), nodes = [...plot.querySelectorAll(".tx-handle")];
    while (nodes.length > handles.length) nodes.pop().remove();
    while (nodes.length < handles.length) { const n = handle(); nodes.push(n); plot.append(n); }
    nodes.forEach((node, i) => {
      const h = handles[i], rules = RULES.filter((r) => h[r] && act.knob(h[r])), knobs = rules.map((r) => act.knob(h[r])), zoom = svg.getBoundingClientRect().width / width || 1;
      node.held = {h, rules, svg, X, Y, width, act};
      node.style.left = `${X.at(h.x) * zoom}px`; node.style.top = `${Y.at(h.y) * zoom}px`;
      const say = {"aria-label": h.label, "aria-valuemin": knobs[0].lo, "aria-valuemax": knobs[0].hi, "aria-valuenow": knobs[0].value, "aria-valuetext": knobs.map((k) => `${k.label} ${show(k.value)}`).join(", ")};
      for (const [k, v] of Object.entries(say)) node.setAttribute(k, v);
      node.title = h.label;
    });
  }
  function handle() {
    const node = document.createElement("div");
    node.className = "tx-handle"; node.tabIndex = 0; node.setAttribute("role", "slider"); node.setAttribute("data-lm-suppress-shortcuts", "true");
    node.onpointerdown = (event) => {   // where handles overlap, the nearest is meant
      if (event.button) return;
      const {svg, width} = node.held, [px, py] = place(svg, event, width), all = [...node.parentNode.querySelectorAll(".tx-handle")];
      const off = all.map(({held: {h, X, Y}}) => [X.at(h.x) - px, Y.at(h.y) - py]), far = off.map((v) => Math.hypot(...v));
      const k = far.indexOf(Math.min(...far));
      all[k].off = off[k];
      all[k].setPointerCapture(event.pointerId); all[k].focus({preventScroll: true}); event.preventDefault();
    };
    node.onpointermove = (event) => {
      const {off} = node;
      if (!off) return;
      const {h, rules, svg, X, Y, width, act} = node.held, [px, py] = place(svg, event, width), x = X.back(px + off[0]), y = Y.back(py + off[1]);
      const found = {across: x, up: y, turn: Math.atan2(y, x) * 180 / Math.PI};
      act.aim(rules.map((r) => ({name: h[r], value: (found[r] - h.origin) * h.scale, log: {across: X.log, up: Y.log}[r], period: r === "turn" ? 360 * Math.abs(h.scale) : 0})));
    };
    node.onpointerup = node.onpointercancel = () => { node.off = null; };
    node.onkeydown = (event) => {
      const {h, rules, act} = node.held, names = rules.map((r) => h[r]);
      const way = {ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowUp: [1, 1], ArrowDown: [1, -1], Home: [0, -1e9], End: [0, 1e9]}[event.key];
      if (!way) return;
      event.preventDefault(); event.stopPropagation();
      act.nudge(names[Math.min(way[0], names.length - 1)], way[1] * (event.shiftKey ? 10 : 1));
    };
    return node;
  }
  return {COLORS, escape, show, drawPanel};
}
// Flows that are integrated where they are looked at: each is the twin of a Python function, which makes the same view.
// A flow takes the view at the start of the knobs, their values, and the constants that Python gave it.
function tensorFlows() {
  const onCircle = (degrees) => [Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180)];

  // gradient descent on the sum of w_i c_i⊗c_i⊗c_i in the plane, as tensors.descents does it
  function descent(starts, about) {
    const targets = about.turns.map(onCircle), {scale, rate} = about, n = starts.length, pull = 1 / scale;
    let C = starts.map((degrees) => onCircle(degrees).map((x) => about.radius * x)), w = C.map(() => about.weight), time = 0, size = 0;
    for (const u of targets) for (const v of targets) size += (pull * (u[0] * v[0] + u[1] * v[1])) ** 2 * (u[0] * v[0] + u[1] * v[1]);
    const trace = {time: [], error: [], vectors: []};
    for (let step = 0; ; step++) {
      const nextC = [], nextW = [];
      let captured = 0;
      for (let i = 0; i < n; i++) {   // R: the residual, contracted with c_i twice
        const [x, y] = C[i];
        let Rx = 0, Ry = 0;
        for (const v of targets) { const a = pull * (v[0] * x + v[1] * y) ** 2; Rx += a * v[0]; Ry += a * v[1]; }
        const target = Rx * x + Ry * y;
        for (let j = 0; j < n; j++) { const c = C[j], a = w[j] * (c[0] * x + c[1] * y) ** 2; Rx -= a * c[0]; Ry -= a * c[1]; }
        const value = Rx * x + Ry * y, k = 3 * rate * w[i];
        captured += w[i] * (target + value);
        nextC.push([x + k * Rx, y + k * Ry]); nextW.push(w[i] + rate * value);
      }
      const error = Math.sqrt(Math.abs(size - captured) / size), stop = error <= about.tol || step === about.steps;
      if (stop || step % about.every === 0) {
        trace.time.push(time); trace.error.push(error);
        trace.vectors.push(C.map((c, i) => c.map((x) => Math.cbrt(scale * w[i]) * x)));
      }
      if (stop) {   // what has arrived stays where it is
        for (let k = 0; k <= about.steps; k += about.every) if (k * rate > time + 1e-9) {
          trace.time.push(k * rate); trace.error.push(error); trace.vectors.push(trace.vectors[trace.vectors.length - 1]);
        }
        return trace;
      }
      C = nextC; w = nextW; time += rate;
    }
  }
  const nearest = (list, v) => list.reduce((best, x, i) => Math.abs(x - v) < Math.abs(list[best] - v) ? i : best, 0);

  function fan(view, {angle, spread, time}, about) {   // tensors.stuck
    const starts = [angle - spread, angle, angle + spread], run = descent(starts, about), now = nearest(run.time, time);
    const {error} = run, last = error[error.length - 1], at = run.vectors[now];
    const [plane, errors, basin] = view.panels, [a, b, c, first, here, ...rest] = plane.series;
    const points = (list) => ({x: list.map((v) => v[0]), y: list.map((v) => v[1])});
    const rims = run.vectors[0].flatMap(([x, y], i) => [x, y, [angle, 0, angle][i], [-1, 1, 1][i]]);
    const near = ["trap", "swamp"].find((name) => Math.abs(last - about[name]) < 0.02);
    const end = last < 0.05 ? "finds the target" : near ? `is in the ${near}` : "is elsewhere";
    const tracks = [a, b, c].map((s, i) => ({...s, ...points(run.vectors.slice(0, now + 1).map((v) => v[i]))}));
    const shifted = run.time.map((t) => t + about.shift), [whole, stand, ...guides] = errors.series;
    return {...view, panels: [
      {...plane, series: [...tracks, {...first, ...points(run.vectors[0])}, {...here, ...points(at)}, ...rest], held: rims},
      {...errors, series: [{...whole, x: shifted, y: error}, {...stand, x: [shifted[now]], y: [error[now]]}, ...guides],
       held: [shifted[now], error[now], about.shift, 1]},
      {...basin, series: [{...basin.series[0], x: [angle], y: [spread]}], held: [angle, spread, 0, 1],
       note: `The start at ${angle}°, ${spread}° ${end}.`}],
      text: `Angle ${angle}°, spread ${spread}°: at t = ${run.time[now].toFixed(1)} the relative error is ${error[now].toFixed(3)}; vanilla `
        + `descent ${end}, at ${last.toFixed(3)}${view.text.slice(view.text.indexOf(". Modified"))}`};
  }
  return {fan};
}
// Draws the pictures of tensor_overparam.explore: controls, and two ways to get a picture, from a table of
// precomputed states or a flow of the script (`start`) or from a kernel (`live`). No request to anywhere.
function tensorExplorer() {
  const {COLORS, escape, show, drawPanel} = tensorPanels(), FLOWS = tensorFlows();
  const paint = Object.entries(COLORS).map(([name, [light, dark]]) => [`--tx-${name}:${light};`, `--tx-${name}:${dark};`]);
  const STYLE = `.tx{${paint.map((p) => p[0]).join("")}color:inherit;font:14px/1.45 system-ui,sans-serif;margin:1em 0;scroll-margin-top:calc(var(--tx-top,0px) + .5em);
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
  .tx-tools{display:flex;flex-wrap:wrap;gap:.4em .6em;align-items:center;margin:.4em 0}
  .tx button,.tx select{font:inherit} .tx-tools button{padding:.1em .8em} .tx-tools [role=status]{font-size:12.5px}
  .tx-tools input{flex:1 1 12em;min-width:0;font:inherit}
  .tx-control.tx-plays{grid-template-columns:auto 1fr auto}
  .tx-plays label{grid-column:1/3} .tx-plays input[type=range]{grid-column:2} .tx-plays select{grid-column:3;width:auto}
  .tx-play{min-width:2.6em;padding:.1em .4em} .tx .tx-text{min-height:2.9em}
  .tx-error{font-weight:600;padding:.3em .7em;border-left:4px solid var(--tx-lazy)}
  .tx-panels{display:grid;gap:.8em 1.2em;grid-template-columns:repeat(auto-fit,minmax(min(100%,19em),1fr))}
  .tx .tx-panel{margin:0;min-width:0;padding:0} .tx .tx-panel :is(figcaption,.tx-legend,.tx-hover,.tx-unit){font-size:12.5px;
    line-height:1.45;margin:0;padding:0;text-align:left;color:inherit;font-style:normal}
  .tx .tx-panel figcaption{font-weight:600} .tx-legend{display:flex;flex-wrap:wrap;gap:0 1em}
  .tx-legend span{display:inline-flex;align-items:center;gap:.35em} .tx-hover{min-height:1.45em} .tx-panel svg{display:block;width:100%;touch-action:pan-y}
  .tx-plot{position:relative} .tx .tx-panel .tx-note{font-size:12.5px;max-width:60ch} .tx-note:empty{display:none}
  .tx-handle{position:absolute;width:22px;height:22px;margin:-11px 0 0 -11px;border-radius:50%;cursor:grab;touch-action:none;
    border:2px solid currentColor;background:color-mix(in srgb,currentColor 12%,transparent)}
  .tx-handle:active{cursor:grabbing} .tx-handle::after{content:"";position:absolute;inset:-4px;border-radius:50%}
  .tx-panel svg text{font:11.5px system-ui,sans-serif;fill:currentColor}
  .tx :focus-visible{outline:2px solid var(--tx-modified);outline-offset:2px}
  .cell_output:has(.tx),.cell_output .output:has(.tx){overflow:visible!important}
  @media (max-width:640px){.tx{padding:.6em .7em}
    .tx-head{position:sticky;top:var(--tx-top,0px);z-index:4;background:var(--tx-paper,Canvas);max-height:55vh;overflow-y:auto;
      border-bottom:1px solid color-mix(in srgb,currentColor 25%,transparent);margin:0 -.7em;padding:0 .7em}}
  @media (pointer:coarse){.tx :is(button,select,input[type=text]){min-height:44px;min-width:44px}
    .tx-control input[type=range]{height:44px} .tx-handle::after{inset:-13px}
    .tx-actions label{display:flex;align-items:center;gap:.4em;min-height:44px} .tx-actions input[type=checkbox]{width:24px;height:24px}}`;
  let count = 0;

  // --- the whole: title, controls, panels ---
  const SPEEDS = [["0.5", "×½"], ["1", "×1"], ["2", "×2"], ["4", "×4"]], MOST_PINS = 3;
  const option = (value, text, chosen) => `<option value="${value}"${chosen ? " selected" : ""}>${escape(text)}</option>`;
  function controlHtml(c, id, live) {
    const words = c.values.some((v) => typeof v !== "number"), label = escape(c.label);
    const field = words ? `<select id="${id}">${c.values.map((v, i) => option(i, v, i === c.start)).join("")}</select>`
      : `<input type="range" id="${id}" min="0" max="${c.values.length - 1}" step="1" value="${c.start}">`;
    const value = words ? "<span></span>" : live ? `<input type="text" inputmode="decimal" autocomplete="off" aria-label="${label}, any value">` : `<output for="${id}"></output>`;
    const plays = c.seconds > 0, before = plays ? `<button type="button" class="tx-play" aria-label="Play: ${label}">▶</button>` : "";
    const after = plays ? `<select class="tx-speed" aria-label="Speed: ${label}">${SPEEDS.map(([v, text]) => option(v, text, v === "1")).join("")}</select>` : "";
    return `<div class="tx-control${plays ? " tx-plays" : ""}"><label for="${id}">${label}</label>${value}${before}${field}${after}</div>`;
  }
  function html(spec, mine, live) {
    const button = (name, text) => `<button type="button" class="tx-${name}">${text}</button>`;
    const run = `<div class="tx-actions">${button("run", "Run")}<label><input type="checkbox" class="tx-auto" checked> run at every change</label>${button("cancel", "Cancel")}<progress max="1" value="1" aria-label="progress"></progress><span role="status"></span></div>`;
    const seed = spec.controls.some((c) => c.name === "seed" && c.values.length > 1) ? button("seed", "Another seed") : "";
    const tools = `<div class="tx-tools">${seed}${button("pin", "Pin")}${button("unpin", "Unpin")}${button("copy", live ? "Copy call" : "Copy link")}<span role="status" class="tx-told"></span></div>`;
    return `<p class="tx-title">${escape(spec.title)}</p><p>${escape(spec.about)}</p>
      <div class="tx-head"><div class="tx-controls">${spec.controls.map((c, k) => controlHtml(c, `tx-${mine}-${k}`, live)).join("")}</div><p class="tx-text" aria-live="polite"></p></div>
      ${live ? run : ""}${tools}<p class="tx-error" role="alert" hidden></p><div class="tx-panels"></div>`;
  }
  function build(root, spec, {live, free}, change) {   // free: values between those of the sliders can be shown, too
    if (!document.getElementById("tx-style")) {
      const style = document.createElement("style");
      style.id = "tx-style"; style.textContent = STYLE; document.head.append(style);
    }
    root.classList.add("tx");
    root.setAttribute("role", "group"); root.setAttribute("aria-label", `Explorer: ${spec.title}`);
    const mine = ++count, controls = spec.controls, now = controls.map((c) => c.start), typed = controls.map(() => null), pins = [];
    root.innerHTML = html(spec, mine, live);
    const find = (q) => root.querySelector(q), which = (name) => controls.findIndex((c) => c.name === name);
    const fields = controls.map((_, k) => find(`[id="tx-${mine}-${k}"]`)), numeric = (c) => c.values.every((v) => typeof v === "number");
    const value = (k) => typed[k] === null ? controls[k].values[now[k]] : typed[k];
    const values = () => Object.fromEntries(controls.map((c, k) => [c.name, value(k)]));
    const told = (text) => { find(".tx-told").textContent = text; };
    function tell(k) {
      const field = fields[k], text = show(value(k)), out = field.parentNode.querySelector("output, input[type=text]");
      field.value = now[k];
      if (field.type === "range") field.setAttribute("aria-valuetext", text);
      if (out) out[live ? "value" : "textContent"] = live ? String(value(k)) : text;
    }
    function move(k, i, soft) { now[k] = i; typed[k] = null; tell(k); change(soft); }
    function set(k, v, log) {   // to a value: the nearest of the slider, or itself where the picture is made on the spot
      const c = controls[k], f = log ? Math.log : (x) => x, before = value(k);
      if (numeric(c)) {
        const kept = Math.min(Math.max(...c.values), Math.max(Math.min(...c.values), v)), far = c.values.map((x) => Math.abs(f(x) - f(kept)));
        const exact = c.whole ? Math.round(kept) : Number(kept.toPrecision(4));
        now[k] = far.indexOf(Math.min(...far));
        typed[k] = free && exact !== c.values[now[k]] ? exact : null;
      } else if (c.values.includes(v)) now[k] = c.values.indexOf(v);
      tell(k);
      return value(k) !== before;
    }
    const act = {   // what handles and maps do with the knobs
      knob(name) {
        const k = which(name), c = controls[k];
        return k < 0 ? null : {label: c.label, value: value(k), ...(numeric(c) ? {lo: Math.min(...c.values), hi: Math.max(...c.values)} : {lo: 0, hi: c.values.length - 1})};
      },
      aim(list) {
        const done = list.filter((a) => which(a.name) >= 0).map(({name, value: v, log, period}) => {
          const k = which(name);
          return set(k, period ? v + period * Math.round((Number(value(k)) - v) / period) : v, log);
        });
        if (done.some(Boolean)) change(true);
      },
      nudge(name, by) {
        const k = which(name), c = controls[k], span = Math.max(...c.values) - Math.min(...c.values);
        if (!free || !numeric(c)) move(k, Math.min(c.values.length - 1, Math.max(0, now[k] + by)), true);
        else if (set(k, Number(value(k)) + by * (c.whole ? 1 : span / 100))) change(true);
      },
    };
    const players = controls.map((c, k) => c.seconds > 0 ? player(k) : null).filter(Boolean);
    controls.forEach((c, k) => {
      const field = fields[k], out = field.parentNode.querySelector("input[type=text]");
      field.addEventListener("input", () => { players.forEach((p) => p.stop(k)); move(k, Number(field.value)); });
      if (live && out) {   // Enter does not always end in a change where a host listens to keys
        const commit = () => { if (out.value !== typed[k]) { typed[k] = out.value; change(); } };
        out.addEventListener("change", commit);
        out.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); commit(); } });
      }
      tell(k);
    });

    // time: a knob that moves by itself when it is told to, and only while somebody can see it
    function player(k) {
      const c = controls[k], box = fields[k].parentNode, button = box.querySelector(".tx-play"), last = c.values.length - 1;
      const calm = matchMedia("(prefers-reduced-motion: reduce)");
      let timer = 0, since = 0, begun = false;
      fields[k].addEventListener("input", () => { begun = true; });
      const look = () => { button.textContent = timer ? "❚❚" : "▶"; button.setAttribute("aria-label", `${timer ? "Pause" : "Play"}: ${c.label}`); find(".tx-text").setAttribute("aria-live", timer ? "off" : "polite"); };
      const stop = (only) => { if (timer && (only === undefined || only === k)) { cancelAnimationFrame(timer); timer = 0; look(); change(true); } };
      const tick = (t) => {
        if (!root.isConnected) { stop(); return; }
        timer = requestAnimationFrame(tick);
        since ||= t;
        const jump = calm.matches ? Math.ceil(last / 8) : 1, gap = 1000 * c.seconds * jump / last / Number(box.querySelector(".tx-speed").value);
        if (t - since < gap || page.busy()) return;
        const frames = Math.floor((t - since) / gap);
        since += frames * gap;
        move(k, Math.min(last, now[k] + frames * jump), true);
        if (now[k] === last) stop();
      };
      button.onclick = () => {
        if (timer) { stop(); return; }
        players.forEach((p) => p.stop());
        if (now[k] === last || !begun) move(k, 0, true);   // a first press plays from the beginning
        begun = true;
        since = 0; timer = requestAnimationFrame(tick); look();
      };
      return {stop, playing: () => timer !== 0};
    }
    const pause = () => { if (document.hidden) players.forEach((p) => p.stop()); };
    const sight = new IntersectionObserver((seen) => { if (!seen[seen.length - 1].isIntersecting) players.forEach((p) => p.stop()); });
    if (players.length) { sight.observe(root); document.addEventListener("visibilitychange", pause); }

    // pins: what was seen before stays, in grey
    let view = null, pending = 0;
    const named = (v) => `pinned: ${Object.entries(v).map(([name, x]) => `${name} = ${show(x)}`).join(", ")}`;
    function pin(v, picture) {
      pins.push({values: v, view: picture, label: named(v)});
      if (pins.length > MOST_PINS) pins.shift();
      later();
    }
    const same = (a, b) => a === b || a.length === b.length && a.every((v, i) => v === b[i]);
    const ghosts = (p, k) => pins.map((kept) => {
      const old = kept.view.panels[k], fits = old && old.x_label === p.x_label && old.y_label === p.y_label && old.x_log === p.x_log;
      const series = fits ? old.series.filter((s, i) => s.kind !== "vertical" && s.kind !== "horizontal" && !(p.series[i] && same(s.x, p.series[i].x) && same(s.y, p.series[i].y))) : [];
      return {label: kept.label, series};
    }).filter((g) => g.series.length);
    find(".tx-pin").onclick = () => {
      if (!view) return;
      pin(values(), view); told("Pinned: move a knob to compare."); change(true);
    };
    find(".tx-unpin").onclick = () => { pins.length = 0; told(""); later(); change(true); };
    const k = which("seed"), seed = find(".tx-seed");
    if (seed) seed.onclick = () => move(k, (now[k] + 1) % controls[k].values.length);

    const panels = find(".tx-panels");
    function paintAll() {
      pending = 0;
      find(".tx-unpin").disabled = !pins.length;
      if (!view) return;
      while (panels.children.length > view.panels.length) panels.lastChild.remove();
      while (panels.children.length < view.panels.length) { const f = document.createElement("figure"); f.className = "tx-panel"; panels.append(f); }
      view.panels.forEach((p, i) => drawPanel(panels.children[i], p, ghosts(p, i), act));
      find(".tx-text").textContent = view.text;
    }
    const later = () => { if (!pending) pending = requestAnimationFrame(paintAll); };
    const watch = themed(root);
    let wide = 0;
    const size = new ResizeObserver(() => { if (panels.clientWidth !== wide) { wide = panels.clientWidth; later(); } });
    size.observe(panels);
    const page = {
      indices: now, pins, values, find, told, pin, busy: () => false, set: (name, v) => set(which(name), v), playing: () => players.some((p) => p.playing()),
      draw: (v) => { view = v; later(); }, close: () => { size.disconnect(); sight.disconnect(); document.removeEventListener("visibilitychange", pause); watch(); },
      complain: (text) => { const p = find(".tx-error"); p.hidden = !text; p.textContent = text; },
    };
    find(".tx-unpin").disabled = true;
    return page;
  }
  async function copy(page, text, what) {
    const box = page.find(".tx-tools"), old = box.querySelector("input");
    if (old) old.remove();
    try { await navigator.clipboard.writeText(text); page.told(`${what} copied.`); } catch {   // not allowed here: it can be taken by hand
      const field = document.createElement("input");
      field.readOnly = true; field.value = text; field.setAttribute("aria-label", what); field.setAttribute("data-lm-suppress-shortcuts", "true");
      box.append(field); field.focus(); field.select(); page.told(`Copy the ${what.toLowerCase()} from here:`);
    }
  }
  function paper(node) {  // what lies behind, for knobs that stay while pictures pass under them
    for (let n = node; n; n = n.parentElement) {
      const color = getComputedStyle(n).backgroundColor;
      if (!/^rgba\(.*, 0\)$|transparent/.test(color)) return color;
    }
    return "Canvas";
  }
  function above(root) {  // the height of what a host keeps at the top of the window
    const bars = [...document.querySelectorAll("header, .sticky-top, .bd-header-article")].filter((n) => !n.contains(root) && /sticky|fixed/.test(getComputedStyle(n).position));
    return bars.reduce((most, n) => Math.max(most, n.offsetHeight < 150 ? n.offsetHeight : 0), 0);
  }
  function themed(root) {  // the host decides: light text means a dark page
    const look = () => {
      root.classList.remove("tx-dark");
      const [r, g, b] = (getComputedStyle(root).color.match(/[\d.]+/g) || [0, 0, 0]).map(Number);
      root.classList.toggle("tx-dark", 0.3 * r + 0.59 * g + 0.11 * b > 128);
      root.style.setProperty("--tx-paper", paper(root));
      root.style.setProperty("--tx-top", `${above(root)}px`);
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

  // --- links: the state of an explorer stands in the query of the page's address ---
  const taken = new Set();
  function keyOf(spec) {   // unique on the page, the same at every visit
    const name = (spec.name || spec.title).toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "explorer";
    let key = name;
    for (let n = 2; taken.has(key); n++) key = `${name}-${n}`;
    taken.add(key);
    return key;
  }
  function readKnob(c, text, free) {   // its value, or undefined
    const listed = c.values.find((v) => String(v) === text), number = Number(text);
    if (listed !== undefined || !free || text.trim() === "" || !Number.isFinite(number)) return listed;
    const good = c.values.every((v) => typeof v === "number") && number >= Math.min(...c.values) && number <= Math.max(...c.values) && (!c.whole || Number.isInteger(number));
    return good ? number : undefined;
  }
  function readValues(spec, pairs, free, ignored) {
    const found = {};
    for (const [name, text] of pairs) {
      const c = spec.controls.find((x) => x.name === name), v = c && readKnob(c, text, free);
      if (v !== undefined) found[name] = v;
      else ignored.push(`${name} = ${text.slice(0, 40)} (${!c ? "no knob of this explorer" : free && typeof c.values[0] === "number" ? `expected a number from ${show(Math.min(...c.values))} to ${show(Math.max(...c.values))}` : "not one of the values of its knob"})`);
    }
    return found;
  }
  function linked(spec, page, free, picture) {
    const key = keyOf(spec), ignored = [], asked = [];
    let timer = 0;
    for (const [name, text] of new URLSearchParams(location.search)) {
      if (!name.startsWith(`${key}.`)) continue;
      if (name !== `${key}.pin`) { asked.push([name.slice(key.length + 1), text]); continue; }
      const before = ignored.length, pairs = text.split(",").map((part) => { const [n, ...rest] = part.split(":"); return [n, rest.join(":")]; });
      const v = readValues(spec, pairs, free, ignored);
      if (ignored.length === before) { const full = {...page.values(), ...v}; page.pin(full, picture(full)); }
    }
    for (const [name, v] of Object.entries(readValues(spec, asked, free, ignored))) page.set(name, v);
    if (ignored.length) page.complain(`Left out of the link: ${ignored.join("; ")}.`);
    const led = asked.length > 0 || page.pins.length > 0 || ignored.length > 0;
    const address = () => {
      const url = new URL(location.href);
      for (const name of [...url.searchParams.keys()]) if (name.startsWith(`${key}.`)) url.searchParams.delete(name);
      for (const [name, v] of Object.entries(page.values())) url.searchParams.set(`${key}.${name}`, v);
      for (const {values} of page.pins) url.searchParams.append(`${key}.pin`, Object.entries(values).map(([name, v]) => `${name}:${v}`).join(","));
      return String(url);
    };
    const write = () => {
      if (page.playing()) { later(); return; }
      try { history.replaceState(history.state, "", address()); } catch { /* a page without an address of its own */ }
    };
    const later = () => { clearTimeout(timer); timer = setTimeout(write, 400); };
    return {address, later, led};
  }
  function come(root) {   // a link leads to the explorer that it is about, but not where a page is only loaded again
    const [visit] = performance.getEntriesByType("navigation");
    if (document.querySelector(".tx-led") || location.hash || (visit && visit.type !== "navigate")) return;
    root.classList.add("tx-led");
    const show = () => root.scrollIntoView({block: "start"});
    show();
    if (document.readyState !== "complete") window.addEventListener("load", show, {once: true});
  }
  function strangers() {   // a link that names no explorer of this page: said once, at the first one
    const names = [...new URLSearchParams(location.search).keys()].filter((n) => /^[a-z0-9-]+\.[A-Za-z_]\w*$/.test(n) && !taken.has(n.split(".")[0]));
    const p = document.querySelector("[data-tensor-explorer] .tx-error");
    if (names.length && p && p.hidden) { p.hidden = false; p.textContent = `Left out of the link: ${names.join(", ").slice(0, 120)}. There is no explorer of that name on this page.`; }
  }

  // --- static: pictures from a table, or from a flow ---
  function still(root) {
    const spec = JSON.parse(root.querySelector("script").textContent), flow = spec.flow;
    root.dataset.ready = "yes";
    const pool = unpack(spec.lengths, spec.numbers), free = Boolean(flow);
    const stored = (n) => { const [form, text, ids, notes] = spec.states[n], view = {...fill(spec.forms[form], ids.map((i) => pool[i])), text}; (notes || []).forEach((note, i) => { view.panels[i].note = note; }); return view; };
    const picture = (values) => flow ? FLOWS[flow.name](stored(0), {...flow.fixed, ...values}, flow.about)
      : stored(spec.controls.reduce((n, c) => n * c.values.length + c.values.indexOf(values[c.name]), 0));
    const draw = () => page.draw(picture(page.values()));
    const page = build(root, spec, {live: false, free}, () => { page.complain(""); draw(); link.later(); });
    const link = linked(spec, page, free, picture);
    page.find(".tx-copy").onclick = () => copy(page, link.address(), "Link");
    draw();
    if (link.led) come(root);
  }
  const start = () => {
    document.querySelectorAll("[data-tensor-explorer]:not([data-ready])").forEach(still);
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", strangers, {once: true}); else strangers();
  };

  // --- live: pictures from a kernel ---
  const PATIENCE = 400;   // ms: while a handle is dragged or time plays, an answer on its way is waited for so long
  const python = (v) => typeof v === "number" ? String(v) : JSON.stringify(v);
  function live({model, el}) {
    const root = document.createElement("div"), mine = Math.random().toString(36).slice(2), spec = model.get("spec");
    el.append(root);
    let number = 0, first = true, open = false, sent = 0, again = 0;
    const ask = (soft) => {
      clearTimeout(again); again = 0;
      const wait = soft === true && open ? PATIENCE - (Date.now() - sent) : 0;
      if (wait > 0) { again = setTimeout(ask, wait); return; }
      number++; page.complain(""); busy(true, "computing …"); sent = Date.now();
      model.send({type: "request", id: `${mine}.${number}`, values: page.values()});
    };
    let shown = "";   // the values last asked for
    const page = build(root, spec, {live: true, free: true}, (soft) => {
      const wish = JSON.stringify(page.values());
      if (soft && wish === shown) return;   // a pin changes no number
      shown = wish;
      if (page.find(".tx-auto").checked) ask(soft); else page.find(".tx-actions [role=status]").textContent = "changed: press Run";
    });
    const busy = (on, text) => { open = on; page.find(".tx-cancel").disabled = !on; page.find(".tx-actions [role=status]").textContent = text; };
    page.busy = () => open && Date.now() - sent < PATIENCE;
    // in JupyterLab the keys belong to the controls, and not to the notebook around them
    root.querySelectorAll("input, select, button").forEach((node) => node.setAttribute("data-lm-suppress-shortcuts", "true"));
    page.find(".tx-run").onclick = ask;
    page.find(".tx-cancel").onclick = () => model.send({type: "cancel", id: `${mine}.${number}`});
    page.find(".tx-copy").onclick = () => copy(page, `${spec.call}.at(${Object.entries(page.values()).map(([k, v]) => `${k}=${python(v)}`).join(", ")})`, "Call");
    const hear = (message) => {
      if (message.id !== `${mine}.${number}`) return;   // an answer to an older question
      if (message.type === "view") {
        page.complain(""); page.find("progress").value = message.view.progress; page.draw(message.view);
        busy(!message.done, message.done ? (first ? "ready" : "done") : `computing, ${Math.round(100 * message.view.progress)} %`);
        if (message.done) first = false;
      } else if (message.type === "cancelled") { busy(false, "cancelled"); }
      else if (message.type === "error") { page.complain(message.text); busy(false, ""); }
      if (!open && again) ask();
    };
    model.on("msg:custom", hear);
    ask();
    return () => { clearTimeout(again); model.off("msg:custom", hear); page.close(); };
  }
  return {start, live, FLOWS};
}

return tensorExplorer(); })();
window.tensorExplorer.start();