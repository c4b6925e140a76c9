import { charts } from './charts.js';
import * as deeds from './deeds.js';
import { note, showServerLog } from './log.js';
import * as shop from './shop.js';
import { watch } from './stream.js';
import { showTrips } from './trips.js';

const LEVELS = { GREEN: 'All right:', AMBER: 'Under way:', RED: 'WRONG:' };
const DEEDS = {
  'double-click': deeds.doubleClick,
  duplicates: deeds.duplicates,
  callbacks: deeds.callbacks,
  poison: deeds.poison,
};

const $ = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];
const number = new Intl.NumberFormat('en');

function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

// ---- what the server tells

const drawCharts = charts();
const harmNames = Object.fromEntries(
  all('[data-harm]').map((button) => [button.dataset.harm, button.textContent]),
);
let announced = '';

function show(snapshot) {
  const { level, headline, detail } = snapshot.verdict;
  showVerdict(level, headline, detail);
  server('database', snapshot.servers.database);
  server('broker', snapshot.servers.broker);
  server('relay', snapshot.servers.relay.up, snapshot.servers.relay.known);
  for (const element of all('[data-count]')) {
    text(element, number.format(snapshot.counters[element.dataset.count]));
  }
  $('.proof').dataset.broken = snapshot.counters.duplicatesApplied > 0;
  text(
    $('#seen-note'),
    `${number.format(snapshot.counters.repeatsOnTopics)} on topics, ${number.format(snapshot.counters.repeatsInInboxes)} by inboxes`,
  );
  text(
    $('#since'),
    `Requests and what inboxes recognised: since ${new Date(snapshot.since).toLocaleTimeString('en-GB')}, when the service started. All else: what tables and topics hold.`,
  );
  showTrips(snapshot.trips, snapshot.orders, note);
  drawCharts(snapshot.history);
  showServerLog(snapshot.harm, harmNames);
  allowHarm(snapshot.control);
}

function showVerdict(level, headline, detail) {
  $('#verdict').dataset.level = level;
  text($('.level'), LEVELS[level] ?? '');
  text($('.headline .what'), headline);
  text($('.verdict .detail'), detail);
  // Spoken when it changes its colour, not with every figure.
  if (announced !== level) {
    announced = level;
    text($('#announcement'), `${LEVELS[level] ?? ''} ${headline}`);
  }
}

function server(name, up, known = true) {
  const element = $(`[data-server="${name}"]`);
  element.dataset.up = known && up;
  text(element.querySelector('b'), known ? (up ? 'up' : 'away') : 'not asked');
}

function allowHarm({ present, why }) {
  const sentence = $('#no-control');
  sentence.hidden = present;
  text(sentence, present ? '' : `Processes and network cannot be harmed here. ${why}.`);
  for (const button of all('[data-harm]')) {
    button.ariaDisabled = present ? 'false' : 'true';
    const own = button.parentElement.querySelector('p').id;
    button.setAttribute('aria-describedby', present ? own : `${own} no-control`);
  }
}

let connectedBefore = true;
function connection(connected) {
  server('page', connected);
  text($('[data-server="page"] b'), connected ? 'live' : 'not connected');
  if (!connected) {
    showVerdict('none', 'Not connected: trying again', 'What stands below is how it was last seen.');
  }
  if (connected !== connectedBefore && !connected) for (const element of all('[data-server]')) {
    if (element.dataset.server !== 'page') server(element.dataset.server, false, false);
  }
  connectedBefore = connected;
}

watch(show, connection);

// ---- the form

let token = '';
async function renewToken() {
  token = await shop.formToken();
}

$('#order').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  const fields = new FormData(form);
  const wish = {
    userId: fields.get('userId'),
    productId: fields.get('productId'),
    quantity: Number(fields.get('quantity')),
  };
  const answerLine = $('#order-answer');
  // The token it was rendered with: a second submit of the same form meets the same token.
  if (!token) await renewToken();
  const answer = await shop.placeOrder(wish, {
    ...shop.keyed(shop.newKey()),
    'X-Form-Token': token,
  });
  if (answer.status === 201) {
    const total = answer.body.total;
    text(answerLine, `Order ${answer.body.id.slice(0, 8)} is placed${total ? `: ${money(total)}` : ''}.`);
  } else {
    text(answerLine, `Not placed: ${shop.problem(answer)}.`);
  }
  // A fault may have left it unspent, and it is good for one order either way.
  if (answer.status !== 0 && answer.status < 500) await renewToken();
});

function money({ amount, currency }) {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount / 100);
}

async function fillProducts() {
  const found = await shop.products();
  const list = Array.isArray(found) ? found : found.products ?? [];
  if (!list.length) return;
  $('#order [name="productId"]').replaceChildren(
    ...list.map(({ id, name, price }) => {
      const option = document.createElement('option');
      option.value = id;
      option.textContent = price?.amount === undefined ? name : `${name}, ${money(price)}`;
      return option;
    }),
  );
}

renewToken();
fillProducts();

// ---- harm

function run(button, name, deed) {
  button.addEventListener('click', async () => {
    if (button.ariaDisabled === 'true' || button.dataset.busy === 'true') return;
    button.dataset.busy = 'true';
    try {
      await deed(name);
    } finally {
      button.dataset.busy = 'false';
    }
  });
}

for (const button of all('[data-deed]')) {
  const deed = DEEDS[button.dataset.deed];
  run(button, button.textContent, async (name) => {
    const change = note(name, 'running', '', new Date(), button.dataset.deed);
    const { state, text: words } = await deed();
    change(state, words);
    outcome(button, state, words);
  });
}

/** Also told where the button is; the log has told it to those who listen. */
function outcome(button, state, words) {
  let line = button.parentElement.querySelector('.outcome');
  if (!line) {
    line = button.parentElement.appendChild(document.createElement('p'));
    line.className = 'outcome';
  }
  line.dataset.state = state;
  text(line, words);
}

run($('#burst'), 'Place 50 at once', async (name) => {
  const change = note(name, 'running', '', new Date(), 'burst');
  const { state, text: words } = await deeds.burst();
  change(state, words);
});

for (const button of all('[data-harm]')) {
  // The server writes it into the log of everybody; only what it refuses stands in this one alone.
  run(button, button.textContent, async (name) => {
    outcome(button, 'running', 'Under way …');
    const answer = await shop.harm(button.dataset.harm);
    outcome(
      button,
      answer.status === 200 ? 'done' : 'failed',
      answer.status === 200 ? answer.body.what : `${shop.problem(answer)}.`,
    );
    if ([0, 403, 503].includes(answer.status)) {
      note(name, 'failed', `${shop.problem(answer)}.`, new Date(), button.dataset.harm);
    }
  });
}
