import { byId, say } from './dom.js';

/** Silence after which the connection counts as stalled; the server speaks at least every 15 seconds. */
const SILENCE = 20_000;
const WORDS = { live: 'live', waiting: 'connecting', lost: 'reconnecting', paused: 'paused' };

/**
 * Listens to the lakehouse while the page is visible. A hidden page lets go: it costs the lakehouse nothing, and does
 * not take one of the few connections a browser allows.
 * @param {{ state: (state: object) => void, alert: (alert: object) => void }} listener
 */
export function listen(listener) {
  let source;
  let heard = 0;

  const tell = (state) => {
    byId('link').dataset.state = state;
    say(byId('link-text'), WORDS[state]);
  };
  const take = (use) => (event) => {
    heard = Date.now();
    tell('live');
    use(JSON.parse(event.data));
  };
  const open = () => {
    source?.close();
    heard = Date.now();
    source = new EventSource('/api/events');
    source.addEventListener('state', take(listener.state));
    source.addEventListener('alert', take(listener.alert));
    source.addEventListener(
      'heartbeat',
      take(() => undefined),
    );
    source.addEventListener('error', () => tell('lost'));
  };
  const close = () => {
    source?.close();
    source = undefined;
    tell('paused');
  };

  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  // EventSource connects again by itself after a cut, but not after a refusal, and never notices silence.
  setInterval(() => {
    if (source === undefined) return;
    if (source.readyState === EventSource.CLOSED || Date.now() - heard > SILENCE) {
      tell('lost');
      open();
    }
  }, 2000);
  tell('waiting');
  if (document.hidden) tell('paused');
  else open();
}
