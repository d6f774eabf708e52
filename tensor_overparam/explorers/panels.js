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
