"use strict";
// The sample browser. Texts of a model reach the page through textContent only.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const colours = JSON.parse(document.getElementById("colours").textContent);
  const chunks = document.getElementsByClassName("chunk");
  const [RUN, TASK, ID, SAMPLE, STATUS, REASON, EXTRACTION, CHUNK, PLACE] = data.rows;
  const size = RUN ? RUN.length : 0, ROW = 54;
  const by = (id) => document.getElementById(id);
  const list = by("list"), detail = by("detail"), found = by("found");
  const filters = { run: by("run"), task: by("task"), status: by("status"), extraction: by("extraction"), q: by("q") };
  const canvas = document.createElement("div");
  let shown = [], current = -1, search = 0;

  const make = (tag, text, kind) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (kind) element.className = kind;
    return element;
  };
  const words = (name) => name.replaceAll("_", " ");
  const dot = (status) => { const element = make("i"); element.style.background = colours[status] || "#8c939c"; return element; };

  // Texts: a chunk is unpacked when one of its samples is looked at, and the last few stay.
  const opened = new Map();
  const chunk = (number) => {
    if (!opened.has(number)) {
      const bytes = Uint8Array.from(atob(chunks[number].textContent), (letter) => letter.charCodeAt(0));
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
      opened.set(number, new Response(stream).json());
      if (opened.size > 24) opened.delete(opened.keys().next().value);
    }
    return opened.get(number);
  };

  // The list: only the rows in view are in the document.
  const draw = () => {
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 4);
    const last = Math.min(shown.length, first + Math.ceil(list.clientHeight / ROW) + 8);
    canvas.style.height = shown.length * ROW + "px";
    const rows = [];
    for (let at = first; at < last; at++) {
      const number = shown[at], row = make("button", undefined, "row");
      row.type = "button";
      row.style.top = at * ROW + "px";
      row.dataset.number = number;
      if (number === current) row.setAttribute("aria-current", "true");
      const top = make("span"), status = data.statuses[STATUS[number]];
      top.append(dot(status), make("b", data.ids[ID[number]]), ` · sample ${SAMPLE[number]}`);
      const run = data.runs.length > 1 ? data.runs[RUN[number]] + " · " : "";
      const reason = data.reasons[REASON[number]];
      row.append(top, make("span", `${run}${data.tasks[TASK[number]]} · ${words(status)}${reason && status !== "passed" ? ": " + reason : ""}`));
      rows.push(row);
    }
    canvas.replaceChildren(...rows);
  };

  const matches = (texts, query) => {
    const parts = [texts.prompt, texts.generation.join(""), texts.program, texts.candidate, texts.description, texts.entry,
      texts.verdict && texts.verdict.output, texts.verdict && texts.verdict.reason];
    return parts.some((part) => part && part.toLowerCase().includes(query));
  };

  const filter = async () => {
    const mine = ++search, query = filters.q.value.trim().toLowerCase();
    const want = (select, column, number) => select.value === "" || column[number] === Number(select.value);
    const chosen = [];
    for (let number = 0; number < size; number++) {
      if (want(filters.run, RUN, number) && want(filters.task, TASK, number) && want(filters.status, STATUS, number)
        && want(filters.extraction, EXTRACTION, number)) chosen.push(number);
    }
    list.scrollTop = 0;
    if (!query) { shown = chosen; draw(); tell(""); return; }
    shown = [];
    let then = performance.now();
    for (let at = 0; at < chosen.length;) {
      const number = CHUNK[chosen[at]], texts = await chunk(number);
      if (mine !== search) return;
      for (; at < chosen.length && CHUNK[chosen[at]] === number; at++) {
        const row = chosen[at], name = `${data.ids[ID[row]]} ${data.tasks[TASK[row]]}`.toLowerCase();
        if (name.includes(query) || matches(texts[PLACE[row]], query)) shown.push(row);
      }
      if (performance.now() - then > 120) { draw(); tell(` (searching, ${Math.round(100 * at / chosen.length)} %)`); then = performance.now(); }
    }
    draw();
    tell("");
  };
  const tell = (more) => { found.textContent = `${shown.length.toLocaleString("en")} of ${size.toLocaleString("en")} samples${more}`; };

  // One sample.
  const section = (title, open, fill) => {
    const box = make("details"), head = make("summary", title);
    box.append(head);
    const once = () => { if (box.open && box.childElementCount === 1) box.append(fill()); };
    box.addEventListener("toggle", once);
    box.open = open;
    once();
    return box;
  };
  const code = (text, kind) => make("pre", text, kind);
  const kept = ([before, part, after]) => {
    const box = code(undefined, "wrap");
    if (before) box.append(make("span", before, "cut"));
    if (part) box.append(make("mark", part));
    if (after) box.append(make("span", after, "cut"));
    return box;
  };
  const diff = (wanted, given) => {
    const a = wanted.trimEnd().split("\n"), b = given.trimEnd().split("\n"), box = code();
    if (a.length * b.length > 4e6) { box.textContent = "too long to compare"; return box; }
    const wide = b.length + 1, table = new Uint16Array((a.length + 1) * wide);
    for (let i = a.length - 1; i >= 0; i--)
      for (let j = b.length - 1; j >= 0; j--)
        table[i * wide + j] = a[i] === b[j] ? table[(i + 1) * wide + j + 1] + 1 : Math.max(table[(i + 1) * wide + j], table[i * wide + j + 1]);
    for (let i = 0, j = 0; i < a.length || j < b.length;) {
      if (i < a.length && j < b.length && a[i] === b[j]) { box.append("  " + a[i] + "\n"); i++; j++; }
      else if (i < a.length && (j === b.length || table[(i + 1) * wide + j] >= table[i * wide + j + 1])) { box.append(make("del", "- " + a[i])); i++; }
      else { box.append(make("ins", "+ " + b[j])); j++; }
    }
    return box;
  };
  const costs = (verdict) => {
    const time = (name) => verdict[name] ? [`${name} ${verdict[name].wall.toFixed(2)} s`] : [];
    const memory = verdict.peak_memory ? [`${(verdict.peak_memory / 1048576).toFixed(0)} MiB`] : [];
    const end = verdict.signal ? [`signal ${verdict.signal}`] : verdict.exit_code !== undefined ? [`exit code ${verdict.exit_code}`] : [];
    return [...time("build"), ...time("run"), ...memory, ...end];
  };

  const show = async (number, move) => {
    current = number;
    draw();
    if (number < 0) { document.body.classList.remove("open"); detail.replaceChildren(make("p", "Choose a sample.")); return; }
    const texts = (await chunk(CHUNK[number]))[PLACE[number]];
    if (current !== number) return;
    const status = data.statuses[STATUS[number]], task = data.tasks[TASK[number]], verdict = texts.verdict || {};
    const bar = make("div", undefined, "bar"), head = make("h3"), back = make("button", "Back to the list");
    back.id = "back";
    back.addEventListener("click", () => go(-1));
    head.append(dot(status), `${data.ids[ID[number]]}, sample ${SAMPLE[number]}: ${words(status)}`);
    const step = (label, by) => {
      const button = make("button", label), to = shown[shown.indexOf(number) + by];
      button.disabled = shown.indexOf(number) < 0 || to === undefined;
      button.addEventListener("click", () => go(to));
      return button;
    };
    bar.append(back, head, step("Previous", -1), step("Next", 1));
    const chips = make("p");
    const facts = [data.runs.length > 1 ? data.runs[RUN[number]] : "", task, texts.entry, ...(texts.bug || []),
      data.extractions[EXTRACTION[number]] ? "extraction: " + words(data.extractions[EXTRACTION[number]]) : "", ...costs(verdict)];
    for (const fact of facts) if (fact) chips.append(make("span", fact, "chip"), " ");
    const parts = [bar, chips];
    if (verdict.reason) parts.push(code(verdict.reason, "wrap"));
    if (verdict.output) parts.push(section("Output", status !== "passed", () => code(verdict.output)));
    parts.push(section("Generation, the kept part marked", true, () => kept(texts.generation)));
    if (texts.description !== undefined) parts.push(section("Description that was given", false, () => code(texts.description, "wrap")));
    if (texts.canonical && texts.candidate) {
      const title = task.startsWith("explaindescribe") ? "Diff: docstring (−) and description (+)" : "Diff: canonical solution (−) and candidate (+)";
      parts.push(section(title, status !== "passed", () => diff(texts.canonical, texts.candidate)));
    }
    if (texts.program) parts.push(section("Program with its tests", false, () => code(texts.program)));
    parts.push(section("Prompt", false, () => code(texts.prompt, "wrap")));
    detail.replaceChildren(...parts);
    detail.scrollTop = 0;
    if (move) document.body.classList.add("open");
  };
  const go = (number) => { history.replaceState(null, "", number < 0 ? location.pathname : "#sample=" + number); show(number, number >= 0); };

  // Start.
  const fill = (select, names, label, title) => {
    names.map((name, place) => [name, place]).filter(([name]) => title(name)).forEach(([name, place]) => {
      const option = make("option", title(name));
      option.value = place;
      select.append(option);
    });
    select.hidden = select.options.length < (label ? 3 : 2);
  };
  fill(filters.run, data.runs, true, (name) => name);
  fill(filters.task, data.tasks, true, (name) => name);
  fill(filters.status, data.statuses, false, words);
  fill(filters.extraction, data.extractions, false, words);
  list.append(canvas);
  list.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  list.addEventListener("click", (event) => { const row = event.target.closest(".row"); if (row) go(Number(row.dataset.number)); });
  addEventListener("resize", draw);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.body.classList.contains("open")) go(-1);
    const by = { j: 1, k: -1 }[event.key], to = shown[shown.indexOf(current) + by];
    if (by && to !== undefined && !event.target.closest("input, select")) go(to);
  });
  let waiting = 0;
  filters.q.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 200); });
  for (const name of ["run", "task", "status", "extraction"]) filters[name].addEventListener("change", filter);
  const asked = () => {
    const number = Number((/^#sample=(\d+)$/.exec(location.hash) || [0, -1])[1]);
    return number < size ? number : -1;
  };
  addEventListener("hashchange", () => { if (asked() >= 0) { show(asked(), true); by("samples").scrollIntoView(); } });
  filter();
  show(asked(), true);
})();
