// The snapshots of the server, for as long as the page is open.

const TRY_AGAIN = 3000;
const SILENCE = 8000;

/**
 * @param {(snapshot: object) => void} show told of each snapshot
 * @param {(connected: boolean) => void} connection told when it breaks and when it is back
 */
export function watch(show, connection) {
  let source;
  let silence;

  function open() {
    source = new EventSource('page/stream');
    source.onmessage = (event) => {
      connection(true);
      heard();
      show(JSON.parse(event.data));
    };
    source.onerror = () => {
      connection(false);
      // The browser tries again by itself after a break, but not after an answer such as 503.
      if (source.readyState === EventSource.CLOSED) again();
    };
    heard();
  }

  function heard() {
    clearTimeout(silence);
    silence = setTimeout(() => {
      connection(false);
      again();
    }, SILENCE);
  }

  function again() {
    clearTimeout(silence);
    source.close();
    setTimeout(open, TRY_AGAIN);
  }

  open();
  addEventListener('pagehide', () => source.close());
  addEventListener('pageshow', (event) => event.persisted && open());
}
