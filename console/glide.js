import { say } from './dom.js';

/** As long as the pause between two states: a number that grows steadily is seen to grow steadily. */
const DURATION = 500;
const shown = new WeakMap();
const moving = new Map();
const still = matchMedia('(prefers-reduced-motion: reduce)');
let running = false;

function frame(now) {
  for (const [node, move] of moving) {
    const part = Math.min(1, (now - move.start) / DURATION);
    const value = part === 1 ? move.to : move.from + (move.to - move.from) * part;
    shown.set(node, value);
    say(node, move.format(value));
    if (part === 1) moving.delete(node);
  }
  running = moving.size > 0;
  if (running) requestAnimationFrame(frame);
}

/**
 * Lets the number in `node` run to `to`; the first one is written at once.
 * @param {HTMLElement} node
 * @param {number} to
 * @param {(value: number) => string} format
 */
export function glide(node, to, format) {
  const from = shown.get(node);
  if (from === undefined || still.matches || document.hidden) {
    moving.delete(node);
    shown.set(node, to);
    say(node, format(to));
    return;
  }
  if (from === to && !moving.has(node)) return;
  moving.set(node, { from, to, start: window.performance.now(), format });
  if (!running) {
    running = true;
    requestAnimationFrame(frame);
  }
}
