// The lines of the table. They stay where they are while they change, so that whoever is on a
// button with the keyboard stays on it.

import { newKey, pay, problem, step } from './shop.js';

const body = document.getElementById('trips');
const empty = document.getElementById('no-trips');
const title = document.getElementById('trips-title');
const lines = new Map();

const NEXT = {
  PLACED: ['Pay', (id) => pay(id, newKey())],
  PAID: ['Dispatch', (id) => step(id, 'dispatch')],
  DISPATCHED: ['Receive', (id) => step(id, 'receipt')],
};
// So that a line stays one line.
const SHORT = { notifications: 'notices' };
const CANCELLABLE = ['PLACED', 'PAYMENT_FAILED', 'PAID'];

export function showTrips(trips, orders, note) {
  const ids = new Set(trips.map((trip) => trip.id));
  for (const [id, line] of lines) {
    if (!ids.has(id)) {
      if (line.row.contains(document.activeElement)) title.focus();
      line.row.remove();
      lines.delete(id);
    }
  }
  for (const trip of [...trips].reverse()) {
    let line = lines.get(trip.id);
    if (!line) {
      line = newLine(trip.id, note);
      lines.set(trip.id, line);
      body.prepend(line.row);
    }
    line.show(trip, orders[trip.id]);
  }
  empty.hidden = lines.size > 0;
}

function newLine(id, note) {
  const row = document.createElement('tr');
  row.className = 'new';
  row.dataset.id = id;
  const who = row.insertCell();
  who.className = 'who';
  const name = who.appendChild(document.createElement('b'));
  const what = who.appendChild(document.createElement('span'));
  const stations = ['first', '', '', 'last'].map((end) => station(row.insertCell(), end));
  const next = row.insertCell().appendChild(document.createElement('div'));
  next.className = 'next';
  const forward = next.appendChild(document.createElement('button'));
  const cancel = next.appendChild(document.createElement('button'));
  cancel.textContent = 'Cancel';
  let status = '';
  forward.onclick = () => act(forward, NEXT[status]?.[0], () => NEXT[status]?.[1](id), note);
  cancel.onclick = () => act(cancel, 'Cancel', () => step(id, 'cancel'), note);

  function show(trip, order) {
    status = order?.status ?? '';
    const short = trip.id.length > 20 ? trip.id.slice(0, 8) : trip.id;
    text(name, order ? `${order.what} for ${order.userId}` : `${trip.aggregate} ${short}`);
    text(what, order ? `${short} · ${trip.event}` : trip.event);
    row.title = `${trip.aggregate} ${trip.id}`;
    show4(stations, trip);
    const step1 = NEXT[status]?.[0];
    forward.hidden = !step1;
    cancel.hidden = !CANCELLABLE.includes(status);
    if (step1) label(forward, step1, short);
    label(cancel, 'Cancel', short);
  }
  return { row, show };
}

function show4([written, outbox, topic, effects], trip) {
  written('there', new Date(trip.at).toLocaleTimeString('en-GB'), 'When row and event were committed');
  outbox('there', `${trip.writeMillis} ms`, 'From the beginning of the transaction to its commit');
  if (trip.parked) {
    topic('parked', 'parked', trip.parked);
    effects('none', '–');
    return;
  }
  const published = trip.relayMillis !== null && trip.relayMillis !== undefined;
  topic(
    published ? 'there' : 'coming',
    published ? `${trip.relayMillis} ms` : 'waiting',
    published ? `From the commit to ${trip.place}` : 'Not on its topic yet',
  );
  const done = Object.entries(trip.effectMillis);
  const list = done.map(([consumer, millis]) => `${SHORT[consumer] ?? consumer} ${millis}`).join(' · ') + (done.length ? ' ms' : '');
  if (!published) effects('none', '');
  else if (trip.awaited > 0) effects('coming', list || 'waiting');
  else effects(done.length ? 'there' : 'none', list || 'nobody wants it');
}

function station(cell, end) {
  cell.className = `station ${end}`;
  const light = cell.appendChild(document.createElement('span'));
  light.className = 'light';
  light.ariaHidden = 'true';
  const words = cell.appendChild(document.createElement('span'));
  words.className = 'text';
  return (state, value, hint = '') => {
    if (cell.dataset.state !== state) cell.dataset.state = state;
    text(words, value || { there: '✓', none: '–' }[state] || '');
    if (cell.title !== hint) cell.title = hint;
  };
}

async function act(button, name, deed, note) {
  if (button.dataset.busy === 'true' || !name) return;
  button.dataset.busy = 'true';
  const answer = await deed();
  button.dataset.busy = 'false';
  const good = answer.status >= 200 && answer.status < 300;
  note(name, good ? 'done' : 'failed', good ? 'Done.' : `Refused: ${problem(answer)}.`);
}

function label(button, name, short) {
  text(button, name);
  const full = `${name} order ${short}`;
  if (button.ariaLabel !== full) button.ariaLabel = full;
}

function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}
