// Run this page: the cells of a notebook's page, and a reader's own file, in Python in the reader's browser. Nothing is
// asked of any host before a button is pressed. Pyodide comes from the address in `about`, which globalThis.pyodideBase
// overrides; the package comes from this site, in run-package.js; nothing is sent anywhere.
(() => {
  const about = {"version":"0.27.7","base":"https://cdn.jsdelivr.net/pyodide/v0.27.7/full/","sizes":{"":13749614,"contourpy":112207,"cycler":8321,"fonttools":1073094,"joblib":175298,"kiwisolver":35233,"matplotlib":6714844,"matplotlib-pyodide":26183,"numpy":3061133,"openblas":6117592,"packaging":71930,"pillow":987254,"pyparsing":103246,"python-dateutil":229892,"pytz":505474,"scikit-learn":6275104,"scipy":13477451,"six":11053,"sqlite3":563076,"threadpoolctl":18414},"needs":{"contourpy":["numpy"],"cycler":["six"],"matplotlib":["contourpy","cycler","fonttools","kiwisolver","numpy","packaging","pillow","pyparsing","python-dateutil","pytz","matplotlib-pyodide"],"python-dateutil":["six"],"scikit-learn":["scipy","joblib","threadpoolctl"],"scipy":["numpy","openblas"]},"own":800525};
  const here = document.currentScript.src;
  const base = new URL(globalThis.pyodideBase ?? about.base, document.baseURI).href.replace(/\/?$/, "/");
  const host = new URL(base).host || "a folder of this machine";
  const EXTRAS = {  // what is loaded besides NumPy and SciPy, by what stands in the code
    matplotlib: /\b(matplotlib|plots|explore)\b/, "scikit-learn": /\b(sklearn|estimators)\b/, sqlite3: /sqlite3|\bsweep\(|Store\b|\b(read_all|curve|phase_diagram)\(/,
  };
  const UNREACHED = /NetworkError|Failed to fetch|importScripts|failed to load|load failed|did not come/i;  // of all browsers
  const PYTHON_ENDED = "Python was stopped, and its variables are gone.";

  // --- what runs in the worker: no name from outside is known there ------------------------------------
  const work = () => {
    let kernel, pyodide, seen = 0;
    const tell = (kind, more = {}) => postMessage({kind, ...more});
    const plain = self.fetch;
    self.fetch = async (...wanted) => {  // counts the bytes that come
      const answer = await plain(...wanted);
      if (!answer.ok || !answer.body) return answer;
      const count = new TransformStream({transform(part, out) { seen += part.length; tell("bytes", {seen}); out.enqueue(part); }});
      return new Response(answer.body.pipeThrough(count), {status: answer.status, headers: answer.headers});
    };
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const loaded = async (names) => {
      const known = await pyodide.loadPackage(names, {messageCallback: () => {}, errorCallback: () => {}});
      const missing = names.filter((name) => !known.some((one) => one.name === name) && !(name in pyodide.loadedPackages));
      if (missing.length) throw new Error(`${missing.join(", ")} did not come`);
    };
    const start = async ({base, packages, own}) => {
      importScripts(`${base}pyodide.js`);
      pyodide = await loadPyodide({indexURL: base});
      await loaded(packages);
      tell("step", {text: "Starting Python …"});
      for (const wheel of Object.values(own.wheels)) pyodide.unpackArchive(bytes(wheel).buffer, "wheel");
      pyodide.unpackArchive(bytes(own.data).buffer, "zip");
      pyodide.FS.writeFile("page_kernel.py", own.kernel);
      pyodide.runPython("import sys; sys.path.insert(0, '.'); import page_kernel");
      kernel = pyodide.pyimport("page_kernel").Kernel((line) => postMessage(JSON.parse(line)));
      kernel.begin();
      tell("ready");
    };
    const jobs = {
      start,
      run: async ({source, cell}) => {
        const asked = source.replace(/^(\s*)(from|import)\s+IPython.*$/gm, "$1pass");  // the kernel has what cells take of it
        await pyodide.loadPackagesFromImports(asked, {messageCallback: () => {}, errorCallback: () => {}}).catch(() => {});
        tell("done", {ok: await kernel.run(source, cell)});
      },
      load: async ({name}) => {
        const ok = await pyodide.loadPackage(name, {messageCallback: () => {}, errorCallback: () => {}})
          .then((found) => found.length > 0, () => false);
        tell("done", {ok});
      },
      own: ({name, content, cumulant}) => {
        for (const old of ["decomposition.npz", "decomposition.png"]) if (pyodide.FS.analyzePath(old).exists) pyodide.FS.unlink(old);
        pyodide.FS.writeFile(name, content);
        tell("done", {ok: kernel.own(name, cumulant)});
      },
    };
    self.onmessage = async ({data}) => {
      try { await jobs[data.job](data); } catch (error) { tell("failed", {text: String(error?.message ?? error)}); }
    };
  };

  // --- Python, from the outside ------------------------------------------------------------------------
  class Ended extends Error {}
  const megabytes = (count) => `${(count / 1e6).toFixed(count < 1e6 ? 1 : 0)} MB`;
  const needed = (sources) => ["numpy", "scipy", ...Object.keys(EXTRAS).filter((name) => EXTRAS[name].test(sources))];
  const weight = (packages) => {
    const all = new Set([""]);
    const add = (name) => { if (!all.has(name)) { all.add(name); (about.needs[name] ?? []).forEach(add); } };
    packages.forEach(add);
    return [...all].reduce((sum, name) => sum + (about.sizes[name] ?? 0), 0);
  };
  const names = (packages) => ["Python (Pyodide)", ...packages.map((name) => (
    {numpy: "NumPy", scipy: "SciPy", matplotlib: "Matplotlib", sqlite3: "SQLite"}[name] ?? name))].join(", ").replace(/, ([^,]*)$/, " and $1");
  const promise = (packages) => `Loads ${names(packages)}, at most ${megabytes(weight(packages))}, from ${host}, and ${
    megabytes(about.own)} from this site. Then all is computed in this browser; nothing is sent anywhere.`;

  let carried;
  const own = () => carried ??= new Promise((done, fail) => {  // a script, for a page that was opened as a file may not fetch
    const script = Object.assign(document.createElement("script"), {src: new URL(`run-package.js${new URL(here).search}`, here).href});
    script.onload = () => done(globalThis.tensorOverparamRun);
    script.onerror = () => { carried = undefined; script.remove(); fail(new Error("The package did not come from this site. Is there a network? Press again to try again; the page is as it was.")); };
    document.head.append(script);
  });

  class Python {
    constructor(packages, say) { Object.assign(this, {packages, say}); }
    get runs() { return Boolean(this.worker); }
    async start() {
      if (this.started) return this.started;
      return this.started = this.begin().catch((error) => { this.end(); throw error; });
    }
    async begin() {
      if (typeof WebAssembly !== "object" || typeof Worker !== "function") {
        throw new Error("This browser cannot run Python: it has no WebAssembly, or it is switched off. Take another browser, or download the notebook.");
      }
      this.say("Loading …", 0);
      const parts = await Promise.race([own(), new Promise((_, fail) => { this.stopLoading = () => fail(new Ended("Loading was stopped.")); })]);
      const code = URL.createObjectURL(new Blob([`(${work})()`], {type: "text/javascript"}));
      this.worker = new Worker(code);
      URL.revokeObjectURL(code);
      const most = weight(this.packages);
      await this.ask({job: "start", base, packages: this.packages, own: parts}, (told) => {
        if (told.kind === "bytes") this.say(`Loading: ${megabytes(told.seen)} of at most ${megabytes(most)}`, told.seen / most);
        if (told.kind === "step") this.say(told.text, 1);
      }).then(() => { this.isHere = true; }).catch((error) => {
        if (error instanceof Ended) throw error;
        throw new Error(UNREACHED.test(error.message)
          ? `Python did not come from ${host}. Is there a network, and does it let this address through? Press again to try again; the page is as it was.`
          : `Python did not start: ${error.message}. Press again to try again; the page is as it was.`);
      });
    }
    ask(job, hear) {
      return new Promise((done, fail) => {
        this.fail = fail;
        this.worker.onmessage = ({data}) => {
          if (data.kind === "ready" || data.kind === "done") done(data.ok);
          else if (data.kind === "failed") fail(new Error(data.text));
          else hear(data);
        };
        this.worker.onerror = (event) => { event.preventDefault(); fail(new Error(event.message || "the worker ended")); };
        this.worker.postMessage(job);
      });
    }
    end() {  // the worker is ended from outside: this stops an endless loop, too
      this.stopLoading?.();
      this.worker?.terminate();
      this.worker = this.started = undefined;
      this.fail?.(new Ended(this.isHere ? PYTHON_ENDED : "Loading was stopped."));
      this.isHere = false;
    }
  }

  // --- small things ------------------------------------------------------------------------------------
  const make = (tag, options = {}, ...inside) => {
    const made = Object.assign(document.createElement(tag), options);
    made.append(...inside);
    return made;
  };
  const button = (text, press, className = "") => {
    const made = make("button", {type: "button", className: `run-button ${className}`, textContent: text});
    made.addEventListener("click", press);
    return made;
  };
  // a bar with a promise, what is going on, and Stop; `press` is what the button does
  const bar = (label, packages, press, stop) => {
    const said = make("p", {className: "run-said", textContent: promise(packages)});
    said.setAttribute("role", "status");
    const progress = make("progress", {max: 1, value: 0, hidden: true, ariaLabel: "Loading"});
    const go = button(label, press, "run-main"), end = button("Stop", stop);
    end.hidden = true;
    const box = make("div", {className: "run-bar"}, go, end, progress, said);
    return Object.assign(box, {
      go, end, said,
      say: (text, share) => {
        if (said.textContent !== text) said.textContent = text;
        progress.hidden = share === undefined || share >= 1;
        if (share !== undefined) progress.value = share;
      },
      works: (is) => { go.disabled = is; end.hidden = !is; if (!is) progress.hidden = true; },
    });
  };
  const data = (mime, text) => `data:${mime};${mime === "image/svg+xml" ? "charset=utf-8" : "base64"},${mime === "image/svg+xml" ? encodeURIComponent(text) : text}`;
  const PICTURES = ["image/svg+xml", "image/png", "image/gif", "image/jpeg"];
  const shown = (found, alt) => {
    const mime = PICTURES.find((one) => one in found);
    if ("text/html" in found) {
      const box = make("div", {className: "output text_html"});
      box.innerHTML = found["text/html"].replace(/(href="(?:\.\.\/)*[\w/]+)\.ipynb(?=[#"])/g, "$1.html");
      return box;
    }
    if (mime) return make("div", {className: "output"}, make("img", {src: data(mime, found[mime]), alt}), ...(found.note ? [make("p", {className: "run-note", textContent: found.note})] : []));
    return make("pre", {className: "run-text", tabIndex: 0, textContent: found["text/plain"] ?? found["text/markdown"] ?? ""});
  };
  const complaint = (sentence, traceback, ...ways) => {
    const box = make("div", {className: "run-error"}, make("p", {textContent: sentence}), ...ways);
    box.setAttribute("role", "alert");
    if (traceback) box.append(make("details", {}, make("summary", {textContent: "The whole traceback"}), make("pre", {tabIndex: 0, textContent: traceback})));
    return box;
  };

  // --- the page ----------------------------------------------------------------------------------------
  class Cell {
    constructor(source, box, isShown) {
      Object.assign(this, {source, box, isShown, ran: false});
      this.pre = isShown ? box.querySelector(".cell_input pre") : null;
      this.stored = box?.querySelector(".cell_output");
      const picture = this.stored?.querySelector("img");
      this.alt = picture?.alt ? `${picture.alt} (computed on this page)` : "A picture that this page has computed";
      this.caption = this.stored?.querySelector("figcaption");
    }
    get code() { return this.field ? this.field.value : this.source; }
    open(number, page) {  // the code becomes a field
      this.number = number;
      if (this.pre && !this.field) {
        this.field = make("textarea", {value: this.source, spellcheck: false, className: "run-code", ariaLabel: `Code of cell ${number}`, rows: this.source.split("\n").length, wrap: "off"});
        for (const name of ["autocapitalize", "autocomplete", "autocorrect"]) this.field.setAttribute(name, "off");
        this.field.setAttribute("aria-describedby", "run-keys");
        this.field.addEventListener("input", () => this.fit());
        this.field.addEventListener("keydown", (event) => this.key(event, page));
        this.undo = button("Undo changes", () => { this.field.value = this.source; this.fit(); this.field.focus(); });
        this.back = button("Stored output", () => this.toggle());
        this.bar = make("div", {className: "run-cell-bar"}, button("Run", () => page.run(this), "run-one"), this.undo, this.back);
        this.bar.setAttribute("role", "group");
        this.bar.setAttribute("aria-label", `Cell ${number}`);
        this.highlight = this.pre.closest(".highlight");
        this.highlight.hidden = true;
        this.highlight.after(this.field, this.bar);
        this.back.hidden = true;
        this.fit();
      }
    }
    fit() {
      this.field.rows = Math.max(1, this.field.value.split("\n").length);
      this.undo.hidden = this.field.value === this.source;
    }
    key(event, page) {
      if (event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        page.run(this);
      } else if (event.key === "Enter" && !event.altKey && !event.isComposing) {  // a new line begins where this one does
        event.preventDefault();
        const line = this.field.value.slice(0, this.field.selectionStart).split("\n").pop();
        const indent = line.match(/^ */)[0] + (/:\s*$/.test(line) ? "    " : "");
        if (!document.execCommand("insertText", false, `\n${indent}`)) this.field.setRangeText(`\n${indent}`, this.field.selectionStart, this.field.selectionEnd, "end");
        this.fit();
      }
    }
    clear() {
      this.live?.remove();
      this.live = this.text = undefined;
    }
    place() {
      if (this.live) return this.live;
      this.live = make("div", {className: "cell_output run-output"});
      const after = this.stored ?? this.box?.querySelector(".cell_input")?.closest("details, .cell_input") ?? null;
      if (after) after.after(this.live);
      else if (this.box) this.box.append(this.live);
      else this.anchor.after(this.live);
      return this.live;
    }
    hear(told) {
      if (told.kind === "stream") {
        if (this.text?.dataset.stream !== told.stream) {
          this.text = make("pre", {className: `run-text run-${told.stream}`, tabIndex: 0});
          this.text.dataset.stream = told.stream;
          this.place().append(this.text);
        }
        this.text.textContent += told.text;
        return;
      }
      this.text = undefined;
      if (told.kind === "display") {
        const isPicture = PICTURES.some((mime) => mime in told.data) && !("text/html" in told.data);
        const seen = shown(told.data, this.alt);
        this.place().append(seen);
        if (isPicture && this.caption) {
          const caption = make("p", {className: "caption-text", innerHTML: this.caption.querySelector(".caption-text, .caption-number")?.parentElement.innerHTML ?? this.caption.innerHTML});
          for (const marked of caption.querySelectorAll("[id], .headerlink")) marked.matches(".headerlink") ? marked.remove() : marked.removeAttribute("id");
          seen.append(caption);
        }
      }
      if (told.kind === "error") this.place().append(complaint(told.sentence, told.traceback, button("Show the stored output", () => this.restore())));
    }
    begin() {
      this.clear();
      this.box?.setAttribute("aria-busy", "true");
      if (this.stored) this.stored.hidden = true;
      this.box?.classList.add("run-now");
    }
    finish() {
      this.box?.removeAttribute("aria-busy");
      this.box?.classList.remove("run-now");
      const isEmpty = !this.live && !this.stored;
      if (this.back) { this.back.hidden = isEmpty || !this.stored; this.back.textContent = "Stored output"; }
    }
    restore() {  // the page as it was, with the code as the reader has it
      if (this.stored) this.stored.hidden = false;
      this.clear();
      if (this.back) this.back.hidden = true;
      (this.field ?? this.stored)?.focus?.();
    }
    toggle() {
      const isStored = !this.stored.hidden;
      this.stored.hidden = !isStored;
      if (this.live) this.live.hidden = !isStored;
      this.back.textContent = isStored ? "Stored output" : "Own output";
    }
  }

  class Page {
    constructor(cells, after) {
      this.cells = cells;
      this.packages = needed(cells.map((cell) => cell.source).join("\n"));
      this.bar = bar("Run this page", this.packages, () => this.all(), () => this.stop());
      this.bar.classList.add("run-page");
      this.bar.setAttribute("role", "group");
      this.bar.setAttribute("aria-label", "Run this page");
      this.reset = button("The page as it was", () => this.restore());
      this.reset.hidden = true;
      this.keys = make("p", {id: "run-keys", className: "run-note", hidden: true, textContent: "Cells can be changed. Shift+Enter runs a cell, Tab leaves it."});
      this.bar.end.after(this.reset);
      this.bar.append(this.keys);
      after.after(this.bar);
      this.python = new Python(this.packages, this.bar.say);
    }
    all() { return this.work(this.cells); }
    run(cell) {  // what stands above has to have run
      const last = this.cells.indexOf(cell);
      return this.work([...this.cells.slice(0, last).filter((one) => !one.ran), cell]);
    }
    async work(cells) {
      if (this.works) { this.bar.say("Python is at work; Stop ends it."); return; }
      this.works = true;
      this.bar.works(true);
      let now;
      try {
        await this.python.start();
        this.cells.forEach((cell, k) => cell.open(k + 1, this));
        this.bar.go.textContent = "Run all cells";
        this.keys.hidden = this.reset.hidden = false;
        for (now of cells) {
          this.bar.say(`Cell ${now.number} of ${this.cells.length} …`, 1);
          if (!await this.one(now)) { this.bar.say(`Cell ${now.number} ended with an error; what is below it has not run.`); return; }
        }
        this.bar.say(cells.length > 1 ? `All ${cells.length} cells have run.` : `Cell ${cells[0].number} has run.`);
      } catch (error) {
        if (error instanceof Ended) this.bar.say(now ? `${error.message} Cell ${now.number} did not come to its end. Press “${this.bar.go.textContent}” to start anew, out of the browser's memory.` : `${error.message} Press “${this.bar.go.textContent}” to try again; the page is as it was.`);
        else if (!now) this.bar.say(error.message);
        else {
          this.python.end();
          now.hear({kind: "error", sentence: `Python has ended in cell ${now.number}: ${error.message.split("\n").pop()}. Its variables are gone; Run starts anew.`, traceback: error.message});
          this.bar.say(PYTHON_ENDED);
        }
        if (!this.python.runs) for (const cell of this.cells) cell.ran = false;
      } finally {
        now?.finish();
        this.works = false;
        this.bar.works(false);
      }
    }
    async one(cell) {
      for (let attempt = 0; ; attempt++) {
        let missing = "";
        cell.begin();
        const errors = [];
        const ok = await this.python.ask({job: "run", source: cell.code, cell: cell.number}, (told) => {
          if (told.kind === "bytes") this.bar.say(`Cell ${cell.number} loads: ${megabytes(told.seen)}`, 1);
          else if (told.kind === "error") { missing = told.missing.split(".")[0]; errors.push(told); }
          else cell.hear(told);
        });
        if (!ok && missing && attempt === 0 && await this.python.ask({job: "load", name: missing}, () => {})) continue;
        errors.forEach((told) => cell.hear(told));
        cell.ran = ok;
        cell.finish();
        return ok;
      }
    }
    stop() { this.python.end(); }
    restore() {
      if (this.works) this.stop();
      for (const cell of this.cells) {
        if (cell.field) { cell.field.value = cell.source; cell.fit(); }
        cell.restore();
      }
      this.bar.go.focus();
      this.bar.say("The stored outputs are shown again; the code is as it was.");
    }
  }

  // --- a file of the reader's own ------------------------------------------------------------------------
  const MOST_BYTES = 50e6, MOST_ENTRIES = 4e6;
  const table = async (file) => {  // at least two columns of numbers in the first lines
    const lines = (await file.slice(0, 65536).text()).split(/\r?\n/).filter((line) => line.trim() && !line.startsWith("#")).slice(0, 20);
    const numbers = lines.map((line) => line.split(/[,;\t ]+/).filter((part) => part.trim() && Number.isFinite(Number(part.replaceAll('"', "")))).length);
    return Math.max(0, ...numbers) > 1 ? "" : `${file.name} has no line with two numbers or more; expected a sample in each row, as "0.3,1.2,-0.7".`;
  };
  const unfit = async (file) => {  // why a file cannot be taken, in a sentence; looked at before anything is loaded
    if (!/\.(npy|csv|tsv|txt)$/i.test(file.name)) return `${file.name} is no .npy and no table (.csv, .tsv, .txt). Save an array with numpy.save, or samples in rows as a CSV.`;
    if (!file.size) return `${file.name} is empty; expected an array or a table.`;
    if (file.size > MOST_BYTES) return `${file.name} has ${megabytes(file.size)}, and a page takes at most ${megabytes(MOST_BYTES)}. On your own machine: tensor-overparam decompose ${file.name}`;
    if (!/\.npy$/i.test(file.name)) return table(file);
    const head = await file.slice(0, 4096).arrayBuffer(), text = new TextDecoder("latin1").decode(head);
    if (!text.startsWith("\u0093NUMPY") && !text.startsWith("\x93NUMPY") && new Uint8Array(head)[0] !== 0x93) return `${file.name} is not an array of numbers saved by numpy.save.`;
    const found = text.match(/'shape':\s*\(([\d,\s]*)\)/);
    if (!found) return `${file.name} is not an array of numbers saved by numpy.save.`;
    const shape = found[1].split(",").map((one) => one.trim()).filter(Boolean).map(Number), entries = shape.reduce((a, b) => a * b, 1);
    if (shape.length < 2) return `${file.name} has ${shape.length} ax${shape.length === 1 ? "i" : "e"}s; a tensor has at least 3, all of the same length, and samples in rows have 2.`;
    if (shape.length > 2 && new Set(shape).size > 1) return `${file.name} has the shape (${shape.join(", ")}); a symmetric tensor has axes of the same length.`;
    if (entries > MOST_ENTRIES) return `${file.name} has ${entries} entries, and a page takes at most ${MOST_ENTRIES}. On your own machine: tensor-overparam decompose ${file.name}`;
    return unlike(file, head, shape, entries);
  };
  const unlike = async (file, head, shape, entries) => {  // what its numbers say, where they are plain floats in the usual order
    const view = new DataView(head), long = view.getUint8(6) > 1, at = (long ? 12 + view.getUint32(8, true) : 10 + view.getUint16(8, true));
    const header = new TextDecoder("latin1").decode(head.slice(0, at)), kind = header.match(/'descr':\s*'<f([48])'/);
    if (!kind || !/'fortran_order':\s*False/.test(header)) return "";
    if (file.size < at + entries * kind[1]) return `${file.name} is cut off: ${entries} numbers need ${at + entries * kind[1]} bytes, and ${file.size} are there. Take the whole file.`;
    const raw = await file.slice(at, at + entries * kind[1]).arrayBuffer(), x = kind[1] === "8" ? new Float64Array(raw) : new Float32Array(raw);
    const bad = x.findIndex((v) => !Number.isFinite(v));
    if (bad >= 0) return `${file.name} holds ${x[bad]} at position ${bad}; expected finite numbers. Drop or fill what is missing first.`;
    if (shape.length < 3) return "";
    const d = shape[0], last = entries / d;   // the first two axes, and the first and the last; the room is that of the package
    const room = 100 * (kind[1] === "8" ? 2 ** -26 : 2 ** -11.5) * x.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
    for (let i = 0; i < entries; i++) {
      const a = Math.floor(i / last), b = Math.floor(i / (last / d)) % d, c = i % d;
      if (Math.abs(x[i] - x[i + (b - a) * (last - last / d)]) > room || Math.abs(x[i] - x[i + (c - a) * (last - 1)]) > room) {
        return `${file.name} is not symmetric: an entry changes when two of its axes are exchanged. On your own machine: tensor-overparam decompose ${file.name} --symmetrize`;
      }
    }
    return "";
  };

  class OwnFile {
    constructor(box) {
      this.packages = ["numpy", "scipy", "matplotlib"];
      this.python = new Python(this.packages, (text, share) => this.bar.say(text, share));
      this.input = make("input", {type: "file", accept: ".npy,.csv,.tsv,.txt", id: "own-file", className: "own-input"});
      this.input.addEventListener("change", () => { if (this.input.files.length) this.take(this.input.files[0]); });
      this.bar = bar("Find its components", this.packages, () => this.work(), () => this.python.end());
      this.bar.go.disabled = true;
      this.out = make("div", {className: "own-answer"});
      this.drop = make("div", {className: "own-drop"},
        make("label", {htmlFor: "own-file", innerHTML: "Drop your own <code>.npy</code> or CSV here, or choose it"}), this.input,
        make("p", {className: "run-note", textContent: "A symmetric tensor in a .npy, or samples in the rows of a CSV. The file stays in this browser."}), this.bar);
      for (const kind of ["dragenter", "dragover"]) this.drop.addEventListener(kind, (event) => { event.preventDefault(); this.drop.classList.add("own-over"); });
      for (const kind of ["dragleave", "drop"]) this.drop.addEventListener(kind, () => this.drop.classList.remove("own-over"));
      this.drop.addEventListener("drop", (event) => {
        event.preventDefault();
        const [file] = event.dataTransfer.files;
        if (file) this.take(file); else this.bar.say("What was dropped is no file; expected a .npy or a CSV.");
      });
      for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());  // beside the box: no other page
      box.replaceChildren(this.drop, this.out);
    }
    async take(file) {
      if (this.works) { this.bar.say("Python is at work; Stop ends it."); return; }
      const wrong = await unfit(file).catch(() => `${file.name} cannot be read; is it a folder?`);
      this.file = wrong ? undefined : file;
      this.bar.go.disabled = Boolean(wrong);
      this.bar.say(wrong || `${file.name}, ${file.size < 1e5 ? `${Math.ceil(file.size / 1e3)} kB` : megabytes(file.size)}. ${this.python.runs ? "Python is here already." : promise(this.packages)}`);
      if (!wrong) this.bar.go.focus();
    }
    async work() {
      const {file} = this;
      this.works = true;
      this.bar.works(true);
      try {
        const content = new Uint8Array(await file.arrayBuffer());
        await this.python.start();
        this.bar.say(`Looking for the components of ${file.name} …`, 1);
        let answer, notes = "", error;
        const name = file.name.replace(/[^\w.-]+/g, "_").replace(/^-+/, "");
        await this.python.ask({job: "own", name, content, cumulant: 4}, (told) => {
          if (told.kind === "answer") answer = told;
          if (told.kind === "stream") notes += told.text;
          if (told.kind === "error") error = told;
        });
        if (error) this.bar.say(error.sentence);
        else { this.out.replaceChildren(...this.answer(answer, notes)); this.bar.say(`${answer.count} component${answer.count === 1 ? "" : "s"} of ${file.name}, below.`); }
      } catch (error) {
        if (!(error instanceof Ended)) this.python.end();
        this.bar.say(error instanceof Ended ? `${error.message} Press again to start anew.` : error.message);
      } finally {
        this.works = false;
        this.bar.works(false);
      }
    }
    answer(found, notes) {
      const parts = [make("h3", {textContent: `What ${this.file.name} is made of`}), make("pre", {className: "run-text", tabIndex: 0, textContent: notes + found.text})];
      if (found.picture) parts.push(make("img", {src: data("image/png", found.picture), alt: `The components of ${this.file.name}: weights, and vectors as a map of colours`}));
      if (found.rows.length) {
        const row = (cells, tag) => make("tr", {}, ...cells.map((text) => make(tag, {textContent: text})));
        const table = make("table", {}, make("thead", {}, row(found.head, "th")), make("tbody", {}, ...found.rows.map((cells) => row(cells, "td"))));
        const rest = found.count - found.rows.length;
        parts.push(make("div", {className: "own-table text_html", tabIndex: 0}, table));
        if (rest > 0) parts.push(make("p", {className: "run-note", textContent: `${rest} more are in the file.`}));
      }
      const link = make("a", {className: "download", download: "decomposition.npz", textContent: "Download decomposition.npz", href: data("application/octet-stream", found.file)});
      return [...parts, make("p", {}, link, make("span", {textContent: " The same on your own machine: "}), make("code", {textContent: found.command}))];
    }
  }

  // --- begin -------------------------------------------------------------------------------------------
  const code = (script) => JSON.parse(script.textContent);
  const cellsOf = (article) => {  // cells with their code on the page, and those whose code is in a script only
    const found = [];
    for (const box of article.querySelectorAll("script.run-hidden, div.cell")) {
      if (box.matches("script")) {
        const next = box.dataset.shows ? box.nextElementSibling : null, cell = new Cell(code(box), next?.matches("div.cell") ? next : null, false);
        cell.anchor = box;
        found.push(cell);
      } else if (box.querySelector(".cell_input pre") && !box.classList.contains("tag_no-run")) {
        const source = box.querySelector(".cell_input pre").textContent.replace(/\n$/, "");
        found.push(new Cell(source, box, true));
      }
    }
    return found;
  };
  window.addEventListener("DOMContentLoaded", () => {
    const article = document.querySelector(".bd-article"), origin = article?.querySelector("p.page-origin");
    if (origin) { const cells = cellsOf(article); if (cells.length) new Page(cells, origin); }
    for (const box of document.querySelectorAll(".own-file")) new OwnFile(box);
  });
})();
