// What happened: the deeds of this browser, and those that the server did for anybody.

const list = document.getElementById('log');
const empty = document.getElementById('no-log');
const MOST = 60;
const ofServer = new Map();

/** One more line. @returns {(state: string, text: string) => void} changes it */
export function note(name, state, text, at = new Date(), deed = '') {
  const item = document.createElement('li');
  const time = item.appendChild(document.createElement('time'));
  time.textContent = at.toLocaleTimeString('en-GB');
  const words = item.appendChild(document.createElement('span'));
  const title = words.appendChild(document.createElement('b'));
  title.textContent = name;
  const rest = words.appendChild(document.createElement('span'));
  const change = (newState, newText) => {
    item.dataset.state = newState;
    rest.textContent = newText ? `: ${newText}` : '';
  };
  item.dataset.deed = deed;
  change(state, text);
  list.prepend(item);
  while (list.children.length > MOST) list.lastElementChild.remove();
  empty.hidden = true;
  return change;
}

/** The server's own list; each line is told again and again. */
export function showServerLog(entries, names) {
  for (const entry of [...entries].reverse()) {
    const known = ofServer.get(entry.number);
    if (!known) {
      const name = names[entry.harm] ?? entry.harm;
      const change = note(name, entry.state, entry.text, new Date(entry.at), entry.harm);
      ofServer.set(entry.number, { state: entry.state, change });
    } else if (known.state !== entry.state) {
      known.state = entry.state;
      known.change(entry.state, entry.text);
    }
  }
}
