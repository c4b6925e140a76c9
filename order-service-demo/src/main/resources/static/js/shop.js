// The shop as its clients see it: every request here is a real one, over a connection of its own
// where the browser opens one.

const PAGE_HEADER = 'X-Shop-Page';

/** A key that tells one wish from another, as clients make it. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * One request with a body.
 *
 * @returns {Promise<{status: number, replayed: boolean, body: object}>} status 0: no answer came
 */
async function post(path, body, headers = {}) {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return {
      status: response.status,
      replayed: response.headers.has('Idempotency-Replayed'),
      text,
      body: parsed(text),
    };
  } catch {
    return { status: 0, replayed: false, text: '', body: {} };
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** What went wrong, for people. */
export function problem(answer) {
  if (answer.status === 0) return 'no answer from the shop';
  return answer.body.detail ?? answer.body.title ?? `status ${answer.status}`;
}

export function keyed(key) {
  return { 'Idempotency-Key': `"${key}"` };
}

export const placeOrder = (wish, headers) => post('orders', wish, headers);
export const pay = (id, key) => post(`orders/${id}/payments`, undefined, keyed(key));
export const step = (id, name) => post(`orders/${id}/${name}`);
export const callback = (id, payment) => post(`orders/${id}/payment-callbacks`, payment);
export const harm = (name) => post(`page/harm/${name}`, undefined, { [PAGE_HEADER]: '1' });

/** A token that permits one order. */
export async function formToken() {
  const answer = await post('page/tokens', undefined, { [PAGE_HEADER]: '1' });
  return answer.status === 200 ? answer.body.token : '';
}

export async function order(id) {
  const response = await fetch(`orders/${id}`);
  return response.ok ? response.json() : {};
}

/** Names and prices; empty when nobody tells. */
export async function products() {
  try {
    const response = await fetch('products');
    return response.ok ? await response.json() : [];
  } catch {
    return [];
  }
}
