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
