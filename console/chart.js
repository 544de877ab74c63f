import uPlot from './uPlot.esm.js';
import { make } from './dom.js';

const three = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 });
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });
const HEIGHT = 300;

/** The page's colours as the canvas takes them: resolved for the theme that is on. */
function colours(root) {
  const probe = root.appendChild(make('i', { hidden: '' }));
  const get = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const lines = [1, 2, 3, 4, 5, 6].map((i) => get(`--line-${i}`));
  const found = { ink: get('--muted'), grid: get('--grid'), wash: get('--wash'), lines };
  probe.remove();
  return found;
}

function optionsFor(root, names, dates) {
  const { ink, grid, lines, wash } = colours(root);
  const axis = {
    stroke: ink,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
    font: '12px sans-serif',
  };
  const format = uPlot.fmtDate(dates ? '{YYYY}-{MM}-{DD}' : '{YYYY}-{MM}-{DD} {HH}:{mm}');
  // All times are UTC; the reader's own zone would move the day's border.
  const utc = (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC');
  return {
    width: Math.max(240, root.clientWidth),
    height: HEIGHT,
    tzDate: utc,
    padding: [12, 8, 0, 0],
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
    legend: { live: true },
    scales: { y: { range: (_, low, high) => uPlot.rangeNum(Math.min(0, low ?? 0), high ?? 1, 0.1, true) } },
    axes: [
      { ...axis, space: 70, gap: 8 },
      { ...axis, size: 54, values: (_, ticks) => ticks.map((v) => compact.format(v)) },
    ],
    series: [
      { label: 'UTC', value: (_, v) => (v === null || v === undefined ? '–' : format(utc(v))) },
      ...names.map((label, i) => ({
        label,
        stroke: lines[i % lines.length],
        width: 1.8,
        ...(names.length === 1 ? { fill: wash } : {}),
        points: { show: false },
        paths: uPlot.paths.spline(),
        value: (_, v) => (v === null || v === undefined ? '–' : three.format(v)),
      })),
    ],
  };
}

/**
 * Lines over time in `root`; made anew only when its lines change.
 * @param {HTMLElement} root
 */
export function lineChart(root) {
  let plot;
  let drawn = '';
  let last;

  function draw() {
    const { names, dates, data } = last;
    const signature = JSON.stringify([names, dates]);
    if (plot !== undefined && signature === drawn) {
      plot.setData(data);
      return;
    }
    plot?.destroy();
    drawn = signature;
    root.replaceChildren();
    plot = new uPlot(optionsFor(root, names, dates), data, root);
  }

  new ResizeObserver(() => {
    if (plot !== undefined && root.clientWidth > 0) plot.setSize({ width: root.clientWidth, height: HEIGHT });
  }).observe(root);

  return {
    /** @param {{ names: string[], dates: boolean, data: (number | null)[][] }} next x in seconds, then a list per line */
    show(next) {
      last = next;
      draw();
    },
    /** Draws again in the colours of the theme. */
    redraw() {
      drawn = '';
      if (last !== undefined && plot !== undefined) draw();
    },
    /** Shows words instead of lines. */
    say(text) {
      plot?.destroy();
      plot = undefined;
      last = undefined;
      drawn = '';
      root.replaceChildren(make('p.empty', {}, text));
    },
  };
}
