// The search: whole words, with their synonyms, and tutorials first. It takes the index that Sphinx has made (words,
// titles, names) and works from a file on disk as from a server; only what is found, and in which order, is its own.
(() => {
  // what people type: each line is one thing, and its words find each other
  const SYNONYMS = [
    ["ntk", "neural tangent kernel", "lazy"], ["lazy training", "lazy"],
    ["cp", "cp decomposition", "canonical polyadic", "parafac", "candecomp", "decompose"],
    ["ica", "independent component analysis", "sources"], ["cumulant", "cumulants"], ["kurtosis", "cumulant"],
    ["install", "installation", "setup", "pip"], ["colab", "google colab"], ["saddle", "saddles", "stuck"],
    ["rank", "how many components"], ["gd", "gradient descent"], ["als", "alternating least squares"],
    ["opt", "orthogonal over-parameterised training", "rotation"], ["gmm", "mixture", "clusters"],
    ["rf", "random features"], ["rnn", "network"], ["adam", "adagrad", "optimiser"],
  ];
  // spellings of the United States, which the pages do not use
  const SPELLINGS = [
    [/parameteriz/g, "parameteris"], [/parametriz/g, "parameteris"], [/overparam/g, "over-param"],
    [/optimiz/g, "optimis"], [/initializ/g, "initialis"], [/generaliz/g, "generalis"], [/regulariz/g, "regularis"],
    [/linearize/g, "linearise"], [/color/g, "colour"], [/center/g, "centre"], [/normaliz/g, "normalis"],
    [/symmetriz/g, "symmetris"], [/factoriz/g, "factoris"], [/behavior/g, "behaviour"],
  ];
  const PINNED = [  // where a question has one page for its answer
    [/\b(how to )?install|\bsetup\b|\bpip\b/, "install"], [/\bcolab\b/, "install"],
    [/\b(cite|bibtex|citation)\b/, "cite"],
    [/\b(ntk|tangent kernel|lazy)\b/, "tutorials/02_lazy_ceiling"], [/over-?param/, "tutorials/03_beyond_lazy"],
  ];
  const EMPTY = new Set("a an and are as at be by can do does for from how i in is it its my of on or the to use what when which why with you your".split(" "));

  const stemmer = new Stemmer();
  const stems = (text) => splitQuery(text.toLowerCase()).filter((word) => !EMPTY.has(word))
    .map((word) => stemmer.stemWord(word));
  const files = (table, stem) => (Object.hasOwn(table, stem) ? [].concat(table[stem]) : []);
  const respelled = (text) => SPELLINGS.reduce((said, [from, to]) => said.replace(from, to), text);
  const holds = (text, words) => { const found = new Set(stems(respelled(text.toLowerCase()))); return words.every((word) => found.has(word)); };

  // the phrases that a query stands for, each with its weight
  const phrases = (query) => {
    const found = new Map([[query, 1]]);
    const add = (text, weight) => { if (!found.has(text)) found.set(text, weight); };
    add(respelled(query), 1);
    for (const said of [...found.keys()]) {
      for (const line of SYNONYMS) {
        for (const word of line) {
          const whole = new RegExp(`(^|[^\\p{L}\\p{N}])${word}(?=$|[^\\p{L}\\p{N}])`, "u");
          if (whole.test(said)) line.forEach((other) => add(said.replace(whole, `$1${other}`), 0.8));
        }
      }
    }
    return found;
  };

  const kindOf = (page) => page.startsWith("tutorials/") ? 12
    : ["install", "choose", "learn", "glossary", "ledger", "map"].includes(page) ? 6
    : /claims|^names$|^changelog$|^license$|^bibliography$/.test(page) ? -8 : 0;

  const search = (query) => {
    const index = Search._index, best = new Map();
    const offer = (file, anchor, title, about, score, kind) => {
      const page = index.docnames[file], key = kind === "object" ? `${file}${anchor}` : file;  // a page stands there once
      const total = score + kindOf(page);
      if (!best.has(key) || best.get(key)[4] < total) {
        best.set(key, [page, title, anchor, about, total, index.filenames[file], kind]);
      }
    };
    for (const [text, weight] of phrases(query)) {
      const words = [...new Set(stems(text))];
      if (!words.length) continue;
      // pages on which all words stand; more where they stand in the title
      const inText = words.map((word) => new Set(files(index.terms, word)));
      const inTitle = words.map((word) => new Set(files(index.titleterms, word)));
      index.docnames.forEach((_, file) => {
        if (!words.every((_, k) => inText[k].has(file) || inTitle[k].has(file))) return;
        const heads = words.filter((_, k) => inTitle[k].has(file)).length / words.length;
        const own = holds(index.titles[file], words) ? 20 : 0;
        offer(file, "", index.titles[file], null, weight * (10 + 8 * heads + own), "text");
      });
      // headings with all words
      for (const [title, places] of Object.entries(index.alltitles)) {
        if (!holds(title, words)) continue;
        for (const [file, id] of places) {
          if (id && title !== index.titles[file]) offer(file, `#${id}`, `${index.titles[file]} > ${title}`, null, weight * 16, "title");
        }
      }
      // names of the package, whole
      const name = text.trim().replaceAll(" ", "_");
      for (const [prefix, entries] of Object.entries(index.objects)) {
        for (const [file, kind, , anchor, last] of entries) {
          const full = prefix ? `${prefix}.${last}` : last;
          if (last.toLowerCase() !== name && full.toLowerCase() !== name) continue;
          const at = anchor === "" ? full : anchor === "-" ? `${index.objnames[kind][1]}-${full}` : anchor;
          offer(file, `#${at}`, full, `${index.objnames[kind][2]}, in ${index.titles[file]}`, weight * 24, "object");
        }
      }
    }
    for (const [pattern, page] of PINNED) {
      const file = index.docnames.indexOf(page);
      if (pattern.test(query) && file >= 0) offer(file, "", index.titles[file], null, 50, "title");
    }
    return [...best.values()];
  };

  const help = () => {
    const said = document.createElement("p");
    said.className = "search-help";
    said.innerHTML = "Nothing has all of these words. Take fewer, or others: the search knows whole words, British and "
      + 'American spellings, and some abbreviations (NTK, ICA, CP). Or look through <a href="learn.html">the tutorials</a>, '
      + '<a href="choose.html">which function for which question</a>, <a href="glossary.html">the glossary</a> and '
      + '<a href="names.html">all names</a>.';
    document.getElementById("search-results").append(said);
  };

  Search._performSearch = (query) => {
    document.getElementById("search-progress")?.replaceChildren();
    const found = search(query.toLowerCase().trim());
    if (!found.length) help();
    return found.sort(_orderResultsByScoreThenName);
  };
})();
