// What clients do wrong. The browser does it itself, so that it is real: connections, filter, pool
// and table all see it.

import { callback, formToken, keyed, newKey, order, pay, placeOrder, problem } from './shop.js';

const DUPLICATES = 20;
const CALLBACKS = 100;
const AT_ONCE = 10;
const BURST = 50;
const POISON = 1_100_000;
const SETTLING = 15_000;

const GUESTS = ['ada', 'alan', 'barbara', 'edsger', 'grace', 'ken', 'linus', 'margaret', 'radia'];
const PRODUCTS = ['tea', 'coffee', 'cocoa', 'milk'];

const pick = (list, index) => list[index % list.length];
const someWish = () => ({ userId: 'visitor', productId: 'tea', quantity: 1 });
const ordersOf = (answers) =>
  new Set(answers.filter((answer) => answer.status === 201).map((answer) => answer.body.id));
const count = (answers, test) => answers.filter(test).length;

/** One form, sent twice: two requests, two keys, one token. */
export async function doubleClick() {
  const token = await formToken();
  if (!token) return bad('No token for the form: the shop cannot reach its database');
  const send = () =>
    placeOrder(someWish(), { ...keyed(newKey()), 'X-Form-Token': token });
  const answers = await Promise.all([send(), send()]);
  const placed = ordersOf(answers).size;
  const statuses = answers.map((answer) => answer.status || 'no answer').join(' and ');
  return placed <= 1
    ? good(`The form was sent twice and answered ${statuses}: ${orders(placed)}`)
    : bad(`The form was sent twice and made ${placed} orders`);
}

/** The same request many times at once. */
export async function duplicates() {
  const headers = keyed(newKey());
  const wish = someWish();
  const answers = await Promise.all(
    Array.from({ length: DUPLICATES }, () => placeOrder(wish, headers)),
  );
  const placed = ordersOf(answers).size;
  const texts = new Set(
    answers.filter((answer) => answer.status === 201).map((answer) => answer.text),
  ).size;
  const replayed = count(answers, (answer) => answer.replayed);
  const refused = count(answers, (answer) => answer.status !== 201);
  const figures = `${DUPLICATES} at once under one key: ${orders(placed)}, ${replayed} got the same answer again, ${refused} were refused`;
  return placed <= 1 && texts <= 1 ? good(figures) : bad(`${figures}, ${texts} different answers`);
}

/** The provider tells the same a hundred times. */
export async function callbacks() {
  const placed = await placeOrder(someWish(), keyed(newKey()));
  if (placed.status !== 201) return bad(`No order to pay for: ${problem(placed)}`);
  const id = placed.body.id;
  const asked = await pay(id, newKey());
  const paymentId = asked.body.paymentId ?? (await paymentOf(id));
  if (!paymentId) return bad(`No payment to repeat: ${problem(asked)}`);
  const told = { paymentId, status: 'SETTLED', amount: placed.body.total.amount };
  const answers = [];
  for (let sent = 0; sent < CALLBACKS; sent += AT_ONCE) {
    answers.push(
      ...(await Promise.all(Array.from({ length: AT_ONCE }, () => callback(id, told)))),
    );
  }
  const well = count(answers, (answer) => answer.status >= 200 && answer.status < 300);
  const settled = await settledTimes(id);
  const figures = `${CALLBACKS} callbacks, ${well} answered as done: the order was paid ${settled === 1 ? 'once' : `${settled} times`}`;
  if (settled !== 1 && well > 0) return bad(figures);
  return well === CALLBACKS
    ? good(figures)
    : bad(`Only ${well} of ${CALLBACKS} callbacks were answered as done`);
}

async function paymentOf(id) {
  const paid = await order(id);
  return paid.payment?.paymentId;
}

async function settledTimes(id) {
  const deadline = Date.now() + SETTLING;
  let times = 0;
  while (times === 0 && Date.now() < deadline) {
    const { timeline = [] } = await order(id);
    times = count(timeline, (entry) => entry.what === 'PaymentSettled');
    if (times === 0) await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return times;
}

/** An order whose event no topic takes. */
export async function poison() {
  const wish = { ...someWish(), userId: 'poisoner', giftMessage: 'x'.repeat(POISON) };
  const answer = await placeOrder(wish, keyed(newKey()));
  return answer.status === 201
    ? good('Placed. Its event will never fit into Kafka: watch it being parked')
    : bad(`Not placed: ${problem(answer)}`);
}

/** Many orders, some at a time. */
export async function burst() {
  const answers = [];
  for (let sent = 0; sent < BURST; sent += AT_ONCE) {
    answers.push(
      ...(await Promise.all(
        Array.from({ length: AT_ONCE }, (_, i) =>
          placeOrder(
            {
              userId: pick(GUESTS, sent + i),
              productId: pick(PRODUCTS, sent + i),
              quantity: 1 + (i % 3),
            },
            keyed(newKey()),
          ),
        ),
      )),
    );
  }
  const placed = ordersOf(answers).size;
  return good(`${orders(placed)}${placed < BURST ? `, ${BURST - placed} were refused` : ''}`);
}

const orders = (number) => (number === 1 ? 'one order' : `${number || 'no'} orders`);
const good = (text) => ({ state: 'done', text: `${text}.` });
const bad = (text) => ({ state: 'failed', text: `${text}.` });
