// The console's page: asks the relay every two seconds and shows what it says. Text from the relay
// is only ever set as text, never as markup.

const EVERY = 2000;
const ANSWER_WITHIN = 8000;
const KEEP = 900;

const byId = (id) => document.getElementById(id);
const session = { actions: false, operator: null, payloads: false, csrfHeader: null, csrfToken: null };
// The shard that is shown; 0 is the one in the worst condition.
let chosen = 0;
let startedAt = null;
let lastAnswer = null;
let afterLogin = null;
let rows = [];

// ---- small things ----

/** An element with attributes, listeners (on…) and children. */
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Sets a text unless it is there already: readers of the screen need not hear it again. */
function say(id, text) {
  const element = byId(id);
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

const shownBefore = new Map();

/** Builds an element's content anew if what it shows has changed, so that focus is not lost. */
function show(id, data, build) {
  const text = JSON.stringify(data);
  if (shownBefore.get(id) !== text) {
    shownBefore.set(id, text);
    byId(id).replaceChildren(...build(data));
  }
}

function number(value) {
  return Math.round(value).toLocaleString("en");
}

function rate(value) {
  return value < 10 ? value.toFixed(1) : number(value);
}

function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let size = value;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return (size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)) + " " + units[unit];
}

function duration(seconds) {
  if (seconds < 10) {
    return seconds.toFixed(1) + " s";
  }
  if (seconds < 120) {
    return Math.round(seconds) + " s";
  }
  if (seconds < 7200) {
    return Math.round(seconds / 60) + " min";
  }
  return seconds < 172800 ? Math.round(seconds / 3600) + " h" : Math.round(seconds / 86400) + " days";
}

function millis(value) {
  return value < 1 ? value.toFixed(2) + " ms" : value < 10 ? value.toFixed(1) + " ms" : value < 10000 ? number(value) + " ms" : duration(value / 1000);
}

function moment(iso) {
  return new Date(iso).toISOString().replace("T", " ").slice(0, 19) + " UTC";
}

const TRENDS = { GROWING: "↗ growing", SHRINKING: "↘ shrinking", STEADY: "→ steady" };

function note(trend, text) {
  return trend === "UNKNOWN" ? text : TRENDS[trend] + " · " + text;
}

// ---- talking to the relay ----

async function get(path) {
  const answer = await fetch("/console/api/" + path, {
    // Looking needs no login, and must not keep one alive.
    credentials: "omit",
    signal: AbortSignal.timeout(ANSWER_WITHIN),
  });
  if (!answer.ok) {
    throw new Error("HTTP " + answer.status);
  }
  return answer.json();
}

async function loadSession() {
  const answer = await fetch("/console/api/session", { signal: AbortSignal.timeout(ANSWER_WITHIN) });
  Object.assign(session, await answer.json());
  byId("login").hidden = !session.actions || session.operator !== null;
  byId("logout").hidden = session.operator === null;
  say("operator", session.operator === null ? "" : "Logged in as " + session.operator);
  say(
    "actions-note",
    session.actions
      ? session.operator === null
        ? "Looking is free. Whatever changes something asks for a login, and is logged with who and why."
        : ""
      : "No operator is configured, so this console only shows. Set outbox.relay.console.username and"
          + " outbox.relay.console.password to act here, or use the command line.",
  );
  for (const button of document.querySelectorAll("button.act")) {
    button.disabled = !session.actions;
  }
}

/** What the relay says of a request that it refuses. */
class Refused extends Error {
  constructor(status, problem) {
    super([problem.detail ?? "The relay refused (" + status + ").", problem.remedy].filter(Boolean).join(" "));
    this.status = status;
  }
}

async function post(path, body, type = "application/json") {
  const headers = { "Content-Type": type };
  if (session.csrfHeader !== null) {
    headers[session.csrfHeader] = session.csrfToken;
  }
  const answer = await fetch("/console/api/" + path, { method: "POST", headers, body });
  if (!answer.ok) {
    throw new Refused(answer.status, await answer.json().catch(() => ({})));
  }
  return answer.status === 204 ? null : answer.json();
}

/** Carries out an action; asks for a login first where one is needed. */
async function act(path, body) {
  if (session.operator === null) {
    await login();
  }
  try {
    return await post(path, JSON.stringify(body));
  } catch (refused) {
    if (!(refused instanceof Refused) || (refused.status !== 401 && refused.status !== 403)) {
      throw refused;
    }
    // The login has run out, or the relay was started anew.
    await loadSession();
    if (session.operator !== null) {
      throw refused;
    }
    await login();
    return post(path, JSON.stringify(body));
  }
}

class GivenUp extends Error {}

function login() {
  return new Promise((resolve, reject) => {
    afterLogin = { resolve, reject };
    say("login-problem", "");
    byId("login-form").reset();
    byId("login-dialog").showModal();
  });
}

let toastTimer = null;

function toast(text) {
  const element = byId("toast");
  element.textContent = text;
  element.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (element.hidden = true), 12000);
}

/** Reports what went wrong, unless it was given up on purpose. */
function report(problem) {
  if (!(problem instanceof GivenUp)) {
    toast(problem.message);
  }
}

function askReason(title, note, submit) {
  return new Promise((resolve, reject) => {
    const dialog = byId("reason-dialog");
    const form = byId("reason-form");
    say("reason-title", title);
    say("reason-note", note);
    say("reason-submit", submit);
    form.reset();
    dialog.showModal();
    form.onsubmit = (event) => {
      event.preventDefault();
      form.onsubmit = null;
      const reason = form.elements.reason.value;
      dialog.close("done");
      resolve(reason);
    };
    dialog.onclose = () => dialog.returnValue === "done" || reject(new GivenUp());
    dialog.returnValue = "";
  });
}

async function decide(title, note, submit, path, body) {
  try {
    const reason = await askReason(title, note, submit);
    await act(path, { ...body, reason });
    await refresh();
  } catch (problem) {
    report(problem);
  }
}

// ---- the verdict and the figures ----

const GRADES = {
  FINE: ["✔", "Fine"],
  ATTENTION: ["!", "Needs a look"],
  TROUBLE: ["✖", "Trouble"],
  UNKNOWN: ["?", "Unknown"],
};

function verdict(grade, headline, remedies) {
  byId("verdict").dataset.grade = grade;
  say("grade-mark", GRADES[grade][0]);
  say("grade", GRADES[grade][1]);
  say("headline", headline);
  show("remedies", remedies, (list) =>
    list.map((one) => h("li", null, one.problem === headline ? null : h("b", null, one.problem), "What to do: " + one.remedy)),
  );
  document.title = (grade === "FINE" ? "" : GRADES[grade][0] + " ") + "Outbox Relay " + byId("relay-name").textContent;
}

function figure(id, text, grade = "") {
  say(id, text);
  byId(id).className = "figure " + grade;
}

const CERTAINTY = { COUNTED: "", ESTIMATED: "about ", AT_MOST: "at most " };

function status(now) {
  say("relay-name", now.relay);
  verdict(now.verdict.grade, now.verdict.headline, now.verdict.remedies);
  figure("state", now.state, now.verdict.grade === "TROUBLE" ? "bad" : "");
  const leader = now.leader;
  say(
    "leader",
    leader.thisInstance
      ? "This instance leads" + (leader.since ? " since " + moment(leader.since) : "") + "."
      : leader.serverProcess === null
        ? "Nobody reads from the slot."
        : "The leader is " + (leader.address ? "at " + leader.address : "local to the server")
          + ", server process " + leader.serverProcess + (leader.since ? ", since " + moment(leader.since) : "") + ".",
  );
  const lag = now.lag;
  figure("lag-events", lag.events === null ? "unknown" : CERTAINTY[lag.certainty] + number(lag.events));
  say("lag-events-note", lag.events === null ? "The table's rows cannot be counted." : note(lag.eventsTrend, "committed, not acknowledged by Kafka"));
  figure("lag-seconds", lag.seconds === null ? "unknown" : duration(lag.seconds));
  say("lag-seconds-note", note(lag.secondsTrend, "oldest log that is not confirmed; two heartbeats are normal"));
  figure("lag-bytes", lag.bytes === null ? "unknown" : bytes(lag.bytes), lag.bytes > now.slotLevels.criticalLagBytes ? "bad" : lag.bytes > now.slotLevels.warningLagBytes ? "warn" : "");
  say("lag-bytes-note", note(lag.bytesTrend, "behind the confirmed position"));
  figure("oldest", now.oldest === null ? "none" : now.oldest.ageSeconds < 1 ? "under 1 s old" : duration(now.oldest.ageSeconds) + " old");
  say("oldest-note", now.oldest === null ? "Everything that was read is acknowledged." : now.oldest.key + " " + now.oldest.type + " (" + now.oldest.id + "), " + now.oldest.where);
  slot(now.slot, now.slotLevels);
  figure("in-flight", number(now.inFlight));
  say("in-flight-note", bytes(now.inFlightBytes) + " handed over, not settled");
  figure("parked-count", number(now.parked), now.parked > 0 ? "warn" : "");
  say("parked-note", "of " + number(now.parkedLimit) + " at most");
  say("version", "relay-service " + now.version + ", running since " + moment(now.startedAt));
}

function slot(found, levels) {
  const bar = byId("slot-bar");
  if (found.slot === undefined) {
    figure("slot-room", "unknown");
    say("slot-note", "The slot is not there, or the database has not been asked yet.");
    bar.hidden = true;
    return;
  }
  const free = found.freeRetentionBytes;
  const kept = found.retainedBytes ?? 0;
  const grade = found.level === "critical" ? "bad" : found.level === "warning" ? "warn" : "";
  figure("slot-room", free === null ? "no limit set" : bytes(Math.max(0, free)) + " left", grade);
  bar.hidden = free === null;
  if (free !== null) {
    bar.value = kept / Math.max(1, kept + Math.max(0, free));
  }
  say(
    "slot-note",
    found.slot + " keeps " + bytes(kept) + " of log at " + found.confirmedLsn + ", " + (found.walStatus ?? "no log")
      + (free === null ? "; the server's disk is the limit" : "")
      + (found.invalidationReason === null ? "" : "; INVALID: " + found.invalidationReason),
  );
}

// ---- charts ----

const charts = {};
const dark = matchMedia("(prefers-color-scheme: dark)");

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function line(label, column, colourName) {
  return {
    label,
    data: rows.map((row) => ({ x: row.at, y: row[column] })),
    borderColor: colour(colourName),
    backgroundColor: colour(colourName),
    borderWidth: 1.8,
    pointRadius: 0,
    pointHitRadius: 8,
    tension: 0.2,
  };
}

function ago(value) {
  const now = rows.at(-1)?.at ?? value;
  const seconds = Math.round((value - now) / 1000);
  return seconds === 0 ? "now" : seconds > -180 ? seconds + " s" : Math.round(seconds / 60) + " min";
}

function chart(id, lines, text, scale = "linear") {
  charts[id]?.destroy();
  charts[id] = new Chart(byId(id), {
    type: "line",
    data: { datasets: lines },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      normalized: true,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: {
          type: "linear",
          grid: { color: colour("--grid") },
          ticks: { color: colour("--quiet"), count: 5, maxRotation: 0, callback: ago },
        },
        y: {
          type: scale,
          beginAtZero: scale === "linear",
          suggestedMax: 1,
          grid: { color: colour("--grid") },
          ticks: { color: colour("--quiet"), maxTicksLimit: 5, callback: text },
        },
      },
      plugins: {
        legend: {
          display: lines.length > 1,
          position: "bottom",
          labels: { color: colour("--text"), boxWidth: 18, boxHeight: 2 },
        },
        tooltip: {
          callbacks: {
            title: (items) => (items.length > 0 ? moment(items[0].parsed.x) : ""),
            label: (item) => item.dataset.label + ": " + text(item.parsed.y),
          },
        },
      },
    },
  });
}

function draw() {
  if (typeof Chart === "undefined") {
    return;
  }
  chart("rate-chart", [line("published", "publishedPerSecond", "--line-one"), { ...line("read", "readPerSecond", "--line-two"), borderDash: [2, 4] }], (value) => rate(value) + "/s");
  chart("latency-chart", [line("median", "latencyMedian", "--line-one"), line("99 % within", "latencyP99", "--line-two")], millis, "logarithmic");
  chart("lag-chart", [line("events waiting", "lagEvents", "--line-one")], number);
}

const COLUMNS = {
  "rate-chart": ["publishedPerSecond", "readPerSecond"],
  "latency-chart": ["latencyMedian", "latencyP99"],
  "lag-chart": ["lagEvents"],
};

function redraw() {
  const now = rows[rows.length - 1];
  if (now === undefined) {
    return;
  }
  for (const [id, columns] of Object.entries(COLUMNS)) {
    const drawn = charts[id];
    if (drawn !== undefined) {
      columns.forEach((column, i) => (drawn.data.datasets[i].data = rows.map((row) => ({ x: row.at, y: row[column] }))));
      drawn.options.scales.x.min = Math.min(rows[0].at, now.at - 60000);
      drawn.options.scales.x.max = now.at;
      drawn.update("none");
    }
  }
  say("rate-now", rate(now.publishedPerSecond) + " events/s published");
  const measured = rows.filter((row) => row.latencyMedian !== null).pop();
  say(
    "latency-now",
    measured === undefined
      ? "nothing published yet"
      : "median " + millis(measured.latencyMedian) + ", 99 % within " + millis(measured.latencyP99),
  );
  say("lag-now", now.lagEvents === null ? "" : number(now.lagEvents) + " events wait");
  byId("rate-chart").setAttribute("aria-label", "Rate over the last half hour; now " + byId("rate-now").textContent);
  byId("latency-chart").setAttribute("aria-label", "Latency over the last half hour; " + byId("latency-now").textContent);
  byId("lag-chart").setAttribute("aria-label", "Lag over the last half hour; now " + byId("lag-now").textContent);
}

function take(series) {
  for (const values of series.rows) {
    const row = {};
    series.columns.forEach((column, i) => (row[column] = values[i]));
    rows.push(row);
  }
  rows = rows.slice(-KEEP);
}

// ---- lists ----

function errors(list) {
  byId("no-errors").hidden = list.length > 0;
  show("errors", list, () =>
    list.slice(0, 20).map((entry) =>
      h(
        "li",
        { class: "entry" },
        h("p", null, h("span", { class: "level " + entry.level }, entry.level), " ", h("b", null, entry.problem)),
        entry.remedy === "" ? null : h("p", { class: "remedy" }, "What to do: " + entry.remedy),
        h(
          "p",
          { class: "quiet" },
          moment(entry.last) + (entry.times > 1 ? ", " + entry.times + " times since " + moment(entry.first) : "")
            + Object.entries(entry.details).map(([name, value]) => " · " + name + " " + value).join(""),
        ),
      ),
    ),
  );
}

function keyOf(event) {
  return event.aggregateType === null || event.aggregateId === null ? null : event.aggregateType + "/" + event.aggregateId;
}

function parked(found) {
  byId("retry-all").hidden = found.total === 0;
  show("parked", [found, session.payloads, session.actions], () => {
    if (found.total === 0) {
      return [h("p", { class: "quiet" }, "Nothing is parked.")];
    }
    const groups = new Map();
    for (const event of found.events) {
      const key = keyOf(event) ?? event.position;
      groups.set(key, [...(groups.get(key) ?? []), event]);
    }
    const list = [...groups.values()].map(group);
    if (found.total > found.events.length) {
      list.push(h("p", { class: "quiet" }, number(found.total) + " in all; the first " + found.events.length + " are shown."));
    }
    return list;
  });
  const reasons = new Map();
  for (const event of found.events.filter((one) => one.attempts > 0)) {
    const text = event.stage + ": " + event.reason;
    reasons.set(text, (reasons.get(text) ?? 0) + 1);
  }
  show("reasons", reasons.size > 1 ? [...reasons] : [], (list) =>
    list.length === 0 ? [] : [h("p", { class: "quiet" }, "By reason: " + list.map(([text, times]) => times + " × " + text).join("; "))],
  );
}

function group(events) {
  const key = keyOf(events[0]);
  const refused = events.filter((event) => event.attempts > 0);
  const waiting = events.filter((event) => event.attempts === 0);
  return h(
    "article",
    { class: "entry" },
    h(
      "div",
      { class: "bar" },
      h("b", null, key ?? "Event without a key", h("span", { class: "quiet" }, " " + events.length + (events.length === 1 ? " event" : " events"))),
      key === null
        ? null
        : h(
            "button",
            {
              type: "button",
              class: "act",
              disabled: !session.actions,
              "aria-label": "Retry " + key,
              onclick: () => decide("Retry " + key + "?", "Its parked events are published in order, then the key flows.", "Retry", "parked/retry", { key }),
            },
            "Retry",
          ),
    ),
    ...refused.map(parkedEvent),
    waiting.length === 0
      ? null
      : h("details", null, h("summary", null, waiting.length + " behind, waiting"), ...waiting.map(parkedEvent)),
  );
}

function parkedEvent(event) {
  return h(
    "div",
    { class: "event" },
    event.attempts > 0 ? h("p", null, event.stage + ": " + event.reason) : null,
    h(
      "p",
      { class: "quiet" },
      (event.type ?? "unknown type") + " · ", h("code", null, event.id ?? event.position), " · " + bytes(event.payloadBytes)
        + (event.attempts > 0 ? " · tried " + event.attempts + (event.attempts === 1 ? " time" : " times") : "") + " · since " + moment(event.parkedAt),
    ),
    h(
      "div",
      { class: "buttons" },
      h(
        "button",
        {
          type: "button",
          class: "act",
          disabled: !session.actions,
          "aria-label": "Discard event " + (event.id ?? event.position),
          onclick: () =>
            decide("Discard this event?", "It is given up for good and will not be published: " + (event.id ?? event.position), "Discard", "parked/discard", { event: event.position }),
        },
        "Discard",
      ),
      session.payloads
        ? h("button", { type: "button", class: "act", onclick: () => payload(event) }, "Payload")
        : null,
    ),
  );
}

async function payload(event) {
  try {
    if (session.operator === null) {
      await login();
    }
    const answer = await fetch("/console/api/parked/" + encodeURIComponent(event.position) + "/payload");
    if (!answer.ok) {
      throw new Refused(answer.status, await answer.json().catch(() => ({})));
    }
    byId("payload").textContent = new TextDecoder().decode(await answer.arrayBuffer());
    byId("payload-dialog").showModal();
  } catch (problem) {
    report(problem);
  }
}

const STAGES = {
  WAITING: ["wait", "waiting"],
  RUNNING: ["wait", "running"],
  CANCELLING: ["wait", "being cancelled"],
  DONE: ["good", "done"],
  FAILED: ["bad", "failed"],
  CANCELLED: ["wait", "cancelled"],
};

/** Tasks change while one looks at them, so their elements stay and only texts change. */
const taskElements = new Map();

function tasks(list) {
  byId("no-tasks").hidden = list.length > 0;
  const ids = new Set(list.map((task) => task.id));
  for (const [id, element] of taskElements) {
    if (!ids.has(id)) {
      element.remove();
      taskElements.delete(id);
    }
  }
  for (const task of [...list].reverse()) {
    let element = taskElements.get(task.id);
    if (element === undefined) {
      element = taskElement(task);
      taskElements.set(task.id, element);
      byId("tasks").prepend(element);
    }
    update(element, task);
  }
}

function taskElement(task) {
  return h(
    "li",
    { class: "entry", "data-task": task.id },
    h(
      "div",
      { class: "bar" },
      h("p", null, h("span", { class: "level" }), " ", h("b", null, task.what)),
      h(
        "button",
        { type: "button", "aria-label": "Cancel: " + task.what, onclick: () => decide("Cancel this task?", task.what, "Cancel the task", "tasks/" + task.id + "/cancel", {}) },
        "Cancel",
      ),
    ),
    h("p", { class: "quiet" }, "asked for by " + task.by + " at " + moment(task.startedAt) + ": " + task.reason),
    h("progress", { "aria-label": "Progress of: " + task.what }),
    h("p", { class: "quiet line" }),
    h("p", { class: "text" }),
  );
}

function update(element, task) {
  const over = task.endedAt !== null;
  let [grade, word] = STAGES[task.stage];
  if (task.stage === "DONE" && task.sound === false) {
    [grade, word] = ["bad", "done, and not well"];
  }
  const level = element.querySelector(".level");
  level.className = "level " + grade;
  level.textContent = word;
  element.dataset.stage = task.stage;
  element.querySelector("button").hidden = over;
  const bar = element.querySelector("progress");
  bar.hidden = over;
  const progress = task.progress;
  if (progress !== null && progress.of !== null) {
    bar.max = Math.max(1, progress.of);
    bar.value = progress.done;
  } else {
    bar.removeAttribute("value");
  }
  element.querySelector(".line").textContent =
    over || progress === null
      ? ""
      : progress.doing + ": " + number(progress.done) + (progress.of === null ? "" : " of " + number(progress.of)) + " " + progress.unit
        + (progress.detail === "" ? "" : "; " + progress.detail);
  element.querySelector(".text").textContent = [task.text, task.remedy].filter(Boolean).join("\n");
}

async function settings() {
  const list = await get("settings");
  byId("settings").replaceChildren(
    ...list.map((one) => h("tr", null, h("td", null, h("code", null, one.key)), h("td", null, h("code", null, one.value === "" ? "(not set)" : one.value)))),
  );
}

// ---- the loop ----

/** A choice of shards, where the outbox is divided; until one is chosen the worst is shown. */
function shards(now) {
  byId("shard-choice").hidden = now.shards.length === 0;
  if (now.shards.length === 0) {
    return;
  }
  const select = byId("shard");
  if (select.options.length === 0) {
    for (const one of now.shards) {
      select.add(new Option("", String(one.shard)));
    }
    select.addEventListener("change", () => choose(Number(select.value)));
  }
  now.shards.forEach((one, i) => {
    select.options[i].text = GRADES[one.grade][0] + " " + one.shard + " of " + now.shards.length + ": " + one.state;
  });
  if (chosen === 0) {
    choose(now.shard);
  }
}

function choose(shard) {
  chosen = shard;
  rows = [];
  byId("shard").value = String(shard);
}

async function refresh() {
  const after = rows.length === 0 ? 0 : rows[rows.length - 1].number;
  const [now, series, troubles, aside, running] = await Promise.all([
    get("status?shard=" + chosen),
    get("samples?after=" + after + "&shard=" + chosen),
    get("errors"),
    get("parked?shard=" + chosen),
    get("tasks"),
  ]);
  if (startedAt !== now.startedAt) {
    // Another process: it knows nothing of what the one before has measured.
    const first = startedAt === null;
    startedAt = now.startedAt;
    if (!first) {
      rows = [];
      await Promise.all([settings(), loadSession()]);
      return;
    }
  }
  lastAnswer = Date.now();
  shards(now);
  status(now);
  take(series);
  redraw();
  errors(troubles);
  parked(aside);
  tasks(running);
  say("fresh", now.databaseProblem === "" ? "live" : now.databaseAnsweredAt === null ? "asking the database" : "database last answered " + moment(now.databaseAnsweredAt));
}

async function loop() {
  try {
    await refresh();
  } catch (problem) {
    const silent = lastAnswer === null ? 0 : (Date.now() - lastAnswer) / 1000;
    if (lastAnswer === null || silent > 5) {
      verdict("UNKNOWN", "This page gets no answer from the relay" + (lastAnswer === null ? "." : " for " + duration(silent) + "."), [
        { problem: "What is shown below is what it said last.", remedy: "See whether the process is alive and this address leads to it; then its log." },
      ]);
      say("fresh", "not connected");
    }
  }
  setTimeout(loop, EVERY);
}

// ---- forms and buttons ----

byId("login").addEventListener("click", () => login().catch(report));

byId("logout").addEventListener("click", async () => {
  try {
    await post("session/end", "");
  } catch (problem) {
    report(problem);
  }
  await loadSession();
});

byId("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  try {
    await post("session", new URLSearchParams(new FormData(form)), "application/x-www-form-urlencoded");
    await loadSession();
    const waiting = afterLogin;
    afterLogin = null;
    byId("login-dialog").close();
    waiting?.resolve();
  } catch (problem) {
    if (problem instanceof Refused && problem.status === 403) {
      await loadSession();
    }
    say("login-problem", problem.message);
  }
});

byId("login-dialog").addEventListener("close", () => {
  byId("login-form").reset();
  afterLogin?.reject(new GivenUp());
  afterLogin = null;
});

for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}

byId("retry-all").addEventListener("click", () =>
  decide("Retry all parked events?", "Every key's events are published in order, then the keys flow.", "Retry all", "parked/retry", { all: true }),
);

async function start(path, body, form) {
  try {
    await act(path, body);
    form.elements.reason.value = "";
    await refresh();
  } catch (problem) {
    report(problem);
  }
}

byId("audit-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const fields = event.target.elements;
  start("audit", { from: fields.from.value, to: fields.to.value, reason: fields.reason.value }, event.target);
});

byId("replay-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const fields = event.target.elements;
  start(
    "replay",
    {
      from: fields.from.value,
      to: fields.to.value,
      aggregate: fields.aggregate.value,
      ids: fields.ids.value.split(/[\s,]+/).filter(Boolean),
      topic: fields.topic.value,
      dryRun: event.submitter?.value === "true",
      reason: fields.reason.value,
    },
    event.target,
  );
});

dark.addEventListener("change", () => {
  draw();
  redraw();
});

draw();
loadSession().catch(() => {});
settings().catch(() => {});
loop();
