"use strict";
// Everything that is shown came from somebody else: it goes into the page as text, and in no other way.
(() => {
  const LAST = 200, HOUR = 60, AGAIN = 10000;
  const SVG = "http://www.w3.org/2000/svg";
  const $ = (id) => document.getElementById(id);
  const rows = new Map();      // by number, the oldest first: {told, line, details}
  const minutes = new Map();   // by number
  let state = null, held = [], source = null, newest = 0;

  // Making things.

  function make(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  function draw(name, attributes, text) {
    const drawn = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) drawn.setAttribute(key, value);
    if (text !== undefined) drawn.textContent = text;
    return drawn;
  }

  // Saying things.

  const grouped = new Intl.NumberFormat("en");
  const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
  const number = (value) => (value >= 100000 ? compact : grouped).format(value);

  function seconds(value) {
    if (value === null || value === undefined) return "";
    if (value < 0.0005) return "0 ms";
    if (value < 0.01) return (value * 1000).toFixed(1) + " ms";
    if (value < 1) return (value * 1000).toFixed(0) + " ms";
    if (value < 120) return value.toFixed(2) + " s";
    return long(value);
  }

  function long(value) {
    const days = Math.floor(value / 86400), hours = Math.floor(value / 3600) % 24;
    const mins = Math.floor(value / 60) % 60, secs = Math.floor(value % 60);
    if (days) return `${days} d ${hours} h`;
    if (hours) return `${hours} h ${mins} min`;
    return mins ? `${mins} min ${secs} s` : `${secs} s`;
  }

  const clock = (at) => new Date(at * 1000).toLocaleTimeString("en-GB");

  // Now.

  function showNow() {
    const about = state.draining ? "draining · " : "";
    $("facts").textContent = `${about}version ${state.version} · up ${long(state.uptime)}`;
    $("ports").replaceChildren(...state.ports.map((port) => {
      const meter = make("meter", { min: 0, max: port.limit, value: port.running,
        "aria-label": `requests under way, of at most ${port.limit}` });
      return make("li", {}, make("strong", {}, number(port.running)),
        make("span", {}, `in flight on ${port.port}`), make("span", {}, port.profile), meter);
    }));
    const since = state.since;
    const figures = [
      ["Requests", number(since.requests)], ["Errors", number(since.errors), since.errors],
      ["Cancelled", number(since.cancelled)], ["Overloaded", number(since.overloads), since.overloads],
      ["Average time", seconds(since.average)], ["Longest time", seconds(since.longest)],
      ["Most at once", number(since.most_running)], ["Most tokens in", number(since.most_in)],
      ["Most tokens cached", number(since.most_cached)], ["Most tokens out", number(since.most_out)],
    ];
    $("since").replaceChildren(...figures.map(([name, value, wrong]) =>
      make("div", {}, make("dt", {}, name), make("dd", wrong ? { class: "wrong" } : {}, value))));
  }

  // The last hour.

  function showHour() {
    const oldest = state.minute - HOUR;
    for (const each of minutes.keys()) if (each <= oldest) minutes.delete(each);
    const all = [...minutes.values()];
    plot("plot-requests", all, (each) => [["one", each.requests - each.errors], ["bad", each.errors]], bars, number);
    plot("plot-waits", all, (each) => [["one", each.p50], ["two", each.p95]], lines, seconds);
    plot("plot-tokens", all, (each) => [["one", each.tokens[0]], ["two", each.tokens[2]]], bars, number);
    showModels(all);
  }

  function plot(id, all, series, shape, say) {
    const svg = $(id), width = svg.clientWidth || 400, height = svg.clientHeight || 144;
    const frame = { left: 46, top: 12, width: width - 50, height: height - 32 };
    const points = all.map((each) => ({ slot: HOUR - 1 - (state.minute - each.number), values: series(each) }));
    const highest = points.map(({ values }) => shape === bars
      ? values.reduce((sum, [, value]) => sum + value, 0) : Math.max(...values.map(([, value]) => value || 0)));
    const top = ceiling(Math.max(0, ...highest));
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.replaceChildren(...axes(frame, top, say), ...shape(frame, points, top));
  }

  function ceiling(value) {
    if (!value) return 1;
    const power = 10 ** Math.floor(Math.log10(value));
    return [1, 2, 3, 4, 6, 8, 10].map((step) => step * power).find((each) => each >= value);
  }

  function axes(frame, top, say) {
    const drawn = [];
    for (const share of [0, 0.5, 1]) {
      const y = frame.top + frame.height * (1 - share);
      drawn.push(draw("line", { class: "grid", x1: frame.left, x2: frame.left + frame.width, y1: y, y2: y }));
      const value = top * share;
      if (say !== number || Number.isInteger(value))
        drawn.push(draw("text", { x: frame.left - 6, y: y + 4, "text-anchor": "end" }, say(value)));
    }
    for (const ago of frame.width < 340 ? [60, 30, 0] : [60, 45, 30, 15, 0]) {
      const x = frame.left + frame.width * (1 - ago / HOUR), anchor = { 60: "start", 0: "end" }[ago] || "middle";
      drawn.push(draw("text", { x, y: frame.top + frame.height + 16, "text-anchor": anchor }, ago ? `−${ago} min` : "now"));
    }
    return drawn;
  }

  function bars(frame, points, top) {
    const step = frame.width / HOUR;
    return points.flatMap(({ slot, values }) => {
      let base = frame.top + frame.height;
      return values.filter(([, value]) => value > 0).map(([kind, value]) => {
        const tall = frame.height * value / top;
        base -= tall;
        return draw("rect", { class: kind, x: frame.left + slot * step + 0.5, y: base,
          width: Math.max(1, step - 1), height: tall });
      });
    });
  }

  function lines(frame, points, top) {
    const step = frame.width / HOUR, paths = {}, dots = [];
    let before = {};
    for (const { slot, values } of points) {
      const here = {};
      for (const [kind, value] of values) {
        if (value === null) continue;
        const x = frame.left + (slot + 0.5) * step, y = frame.top + frame.height * (1 - value / top);
        paths[kind] = (paths[kind] || "") + `${before[kind] === slot - 1 ? "L" : "M"}${x} ${y}`;
        dots.push(draw("circle", { class: kind, cx: x, cy: y, r: 2 }));
        here[kind] = slot;
      }
      before = here;
    }
    return [...Object.entries(paths).map(([kind, d]) => draw("path", { class: kind, d })), ...dots];
  }

  function showModels(all) {
    const sums = new Map();
    for (const each of all) for (const [model, ...counts] of each.models) {
      const sum = sums.get(model) || counts.map(() => 0);
      sums.set(model, sum.map((value, place) => value + counts[place]));
    }
    const sorted = [...sums].sort(([, one], [, other]) => other[0] - one[0]);
    const most = sorted.length ? sorted[0][1][0] : 1;
    const body = $("models").tBodies[0];
    body.replaceChildren(...sorted.map(([model, sum]) => make("tr", {}, make("th", { scope: "row" }, model),
      ...sum.map((value, place) => {
        const cell = make("td", place === 1 && value ? { class: "wrong" } : {});
        if (place === 0) {
          const share = make("span", { class: "share" });
          share.style.setProperty("--share", value / most);
          cell.append(share);
        }
        cell.append(number(value));
        return cell;
      }))));
    if (!sorted.length) body.append(make("tr", {}, make("td", { colspan: 7 }, "Nothing in the last hour.")));
  }

  // The last requests.

  function take(told) {
    for (const each of told) newest = Math.max(newest, each.number);
    if ($("hold").getAttribute("aria-pressed") === "true") {
      held = [...held, ...told].slice(-LAST);
      $("hold").textContent = `Held (${held.length} new)`;
      return;
    }
    const body = $("requests").tBodies[0], fresh = rows.size > 0;
    for (const each of told) {
      const line = lineOf(each, fresh);
      rows.set(each.number, { told: each, line, details: null });
      body.prepend(line);
    }
    for (const [oldest, row] of rows) {
      if (rows.size <= LAST) break;
      row.line.remove();
      if (row.details) row.details.remove();
      rows.delete(oldest);
    }
    sift();
  }

  function lineOf(told, fresh) {
    const button = make("button", { type: "button", class: "mono", "aria-expanded": "false", title: told.id }, told.id);
    const dialects = told.from
      ? [told.from, make("span", { class: "arrow" }, "→"), told.to] : [];
    const tokens = told.tokens ? `${number(told.tokens[0])} / ${number(told.tokens[2])}` : "";
    const cells = [
      ["Time", "tight", clock(told.at)], ["Request", "id", button], ["Client", "", told.client],
      ["Model", "", told.model], ["Dialects", "tight", ...dialects], ["Status", "status", told.status],
      ["First byte", "tight", seconds(told.first)], ["Total", "tight", seconds(told.took)],
      ["Tokens in / out", "tight", tokens], ["Ended", "ending", told.ending], ["Dropped", "", told.dropped],
    ];
    const line = make("tr", { class: `request${fresh ? " fresh" : ""}${told.error ? " error" : ""}` },
      ...cells.map(([name, kind, ...said]) => make("td", { "data-name": name, class: kind },
        ...said.filter((each) => each !== null && each !== ""))));
    line.addEventListener("animationend", () => line.classList.remove("fresh"));
    line.addEventListener("click", () => { if (!String(getSelection())) turn(told.number); });
    button.addEventListener("click", (event) => { event.stopPropagation(); turn(told.number); });
    return line;
  }

  function turn(which) {
    const row = rows.get(which);
    if (!row) return;
    if (row.details) {
      row.details.remove();
      row.details = null;
    } else {
      row.details = detailsOf(row.told);
      row.line.after(row.details);
    }
    row.line.classList.toggle("open", row.details !== null);
    row.line.querySelector("button").setAttribute("aria-expanded", String(row.details !== null));
  }

  function detailsOf(told) {
    const facts = [
      ["Id", told.id], ["Request", `${told.method} ${told.path}`], ["Port", `${told.port} (${told.profile})`], ["Caller", told.peer],
      ["Upstream", told.upstream_status], ["Upstream's id", told.upstream_id], ["Waited for it", seconds(told.waited)],
      ["Our own time", seconds(told.own)], ["Bytes", `${number(told.in)} in, ${number(told.out)} out`],
      ["Tokens", told.tokens && `${number(told.tokens[0])} in, ${number(told.tokens[1])} of them cached; ` +
        `${number(told.tokens[2])} out, ${number(told.tokens[3])} of them reasoning`],
      ["Answer", told.streamed ? "a stream" : "whole"], ["Asked again", told.retries || ""],
      ["Error", told.code], ["Fault", told.fault], ["Dropped", told.dropped],
    ].filter(([, value]) => value !== null && value !== undefined && value !== "");
    const parts = make("div", { class: "parts" },
      make("div", {}, make("h3", {}, "What happened"), marksOf(told)),
      make("div", {}, make("h3", {}, "What is known"),
        make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, String(value))]))));
    const cell = make("td", { colspan: 11 }, parts);
    if (told.kept) cell.append(bodiesOf(told));
    return make("tr", { class: "details" }, cell);
  }

  function marksOf(told) {
    const whole = told.took || 1e-9;
    let before = 0;
    return make("ol", { class: "marks" }, ...[["head", 0], ...told.marks].map(([word, at]) => {
      const bar = make("i");
      bar.style.setProperty("--from", `${100 * before / whole}%`);
      bar.style.setProperty("--to", `${100 * at / whole}%`);
      before = at;
      return make("li", {}, make("span", {}, word), make("span", { class: "when mono" }, seconds(at)),
        make("span", { class: "lane" }, bar));
    }));
  }

  function bodiesOf(told) {
    const place = make("div"), button = make("button", { type: "button", class: "bodies" }, "Show bodies");
    button.addEventListener("click", async () => {
      const answer = await fetch(`/status/bodies?number=${told.number}&id=${encodeURIComponent(told.id)}`).catch(() => null);
      const found = answer && answer.ok ? (await answer.json()).bodies : ["Not kept here any more."];
      place.replaceChildren(...found.map((text) => make("pre", { tabindex: 0 }, text)));
      // The button is gone, and whoever pressed it by a key goes on from here.
      place.firstElementChild.focus();
    }, { once: true });
    place.append(button);
    return place;
  }

  function sift() {
    const wanted = $("find").value.trim().toLowerCase().split(/\s+/), bad = $("bad-only").checked;
    let shown = 0;
    for (const { told, line, details } of rows.values()) {
      const text = [told.id, told.client, told.model, told.from, told.to, told.status, told.ending, told.code,
        told.dropped, told.path, told.profile, told.port, told.fault].join(" ").toLowerCase();
      const found = wanted.every((word) => text.includes(word)) && (!bad || told.error);
      line.hidden = !found;
      if (details) details.hidden = !found;
      shown += found;
    }
    $("count").textContent = shown === rows.size ? `${shown}` : `${shown} of ${rows.size}`;
    $("none").hidden = rows.size > 0;
  }

  // Being told.

  function reset() {
    for (const row of rows.values()) {
      row.line.remove();
      if (row.details) row.details.remove();
    }
    rows.clear();
    minutes.clear();
    held = [];
    newest = 0;
  }

  function connection(word, kind) {
    const place = $("connection");
    if (place.textContent !== word) place.textContent = word;
    place.dataset.state = kind;
  }

  function connect() {
    source = new EventSource("/status/events");
    source.addEventListener("open", () => connection("live", "live"));
    source.addEventListener("state", (event) => {
      const told = JSON.parse(event.data);
      // Another process, which counts from the beginning.
      if (state && told.uptime < state.uptime) reset();
      state = told;
      for (const each of told.minutes) minutes.set(each.number, each);
      showNow();
      showHour();
      sift();
    });
    source.addEventListener("requests", (event) =>
      take(JSON.parse(event.data).filter((each) => each.number > newest)));
    source.addEventListener("error", () => {
      connection("connection lost, trying again", "lost");
      if (source.readyState === EventSource.CLOSED) refused();
    });
  }

  // The browser asks again by itself after a loss, but not after a refusal.
  async function refused() {
    const answer = await fetch("/status/events", { method: "HEAD" }).catch(() => null);
    if (answer && answer.status === 401) location.reload();
    else setTimeout(connect, AGAIN);
  }

  // By hand.

  $("find").addEventListener("input", sift);
  $("bad-only").addEventListener("change", sift);
  $("hold").addEventListener("click", () => {
    const holds = $("hold").getAttribute("aria-pressed") !== "true";
    $("hold").setAttribute("aria-pressed", String(holds));
    $("hold").textContent = "Hold";
    if (!holds) {
      const kept = held;
      held = [];
      take(kept);
    }
  });

  function step(from, way) {
    const all = [...document.querySelectorAll("#requests tr.request:not([hidden])")];
    const at = all.indexOf(from);
    const next = all[at + way];
    if (next) next.querySelector("button").focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const line = event.target.closest && event.target.closest("#requests tr");
    const own = line && (line.classList.contains("request") ? line : line.previousElementSibling);
    if (event.key === "/" && event.target.tagName !== "INPUT") {
      event.preventDefault();
      $("find").focus();
    } else if (own && event.target.tagName === "BUTTON" && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      step(own, event.key === "ArrowDown" ? 1 : -1);
    } else if (own && event.key === "Escape") {
      for (const [which, row] of rows) if (row.line === own && row.details) turn(which);
      own.querySelector("button").focus();
    }
  });

  function close() {
    if (source) source.close();
  }

  addEventListener("resize", () => { if (state) showHour(); });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  connect();
})();
