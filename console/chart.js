import uPlot from './uPlot.esm.js';
import { make } from './dom.js';

const full = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 });
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });
const HEIGHT = 300;
const [MINUTE, DAY] = [60, 86_400];
/** By distance of the ticks: the label, then what is written below it where a year, a month, a day begins. */
const TICKS = [
  [365 * DAY, '{YYYY}', null, null, null, null, null, null, 1],
  [28 * DAY, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [DAY, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [MINUTE, '{HH}:{mm}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, '\n{D} {MMM}', null, 1],
  [0.001, '{HH}:{mm}:{ss}', '\n{D} {MMM} {YYYY}', null, '\n{D} {MMM}', null, '\n{D} {MMM}', null, 1],
];

/** The page's colours as the canvas takes them: resolved for the theme that is on. */
function colours(root) {
  const probe = root.appendChild(make('i', { hidden: '' }));
  const get = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const lines = [1, 2, 3, 4, 5, 6].map((i) => get(`--line-${i}`));
  const found = { ink: get('--muted'), grid: get('--grid'), lines };
  probe.remove();
  return found;
}

const faint = (colour) => colour.replace('rgb(', 'rgba(').replace(')', ', 0.32)');

/** Each list with the ones before it added, so that lines lie on each other. */
function stack(data) {
  const [x, ...lists] = data;
  let below = x.map(() => 0);
  return [x, ...lists.map((list) => (below = list.map((v, i) => below[i] + (v ?? 0))))];
}

function optionsFor(root, chart, raw) {
  const { names, dates, stacked } = chart;
  const { ink, grid, lines } = colours(root);
  const axis = {
    stroke: ink,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
    font: '12px sans-serif',
  };
  const format = uPlot.fmtDate(dates ? '{YYYY}-{MM}-{DD}' : '{YYYY}-{MM}-{DD} {HH}:{mm}');
  // All times are UTC; the reader's own zone would move the day's border.
  const utc = (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC');
  const colourOf = (i) => lines[i] ?? ink;
  const filled = stacked || names.length === 1;
  return {
    width: Math.max(240, root.clientWidth),
    height: HEIGHT,
    tzDate: utc,
    padding: [12, 22, 0, 0],
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
    scales: { y: { range: (_, low, high) => uPlot.rangeNum(Math.min(0, low ?? 0), high ?? 1, 0.1, true) } },
    axes: [
      { ...axis, space: 64, gap: 8, values: TICKS },
      { ...axis, size: 54, values: (_, ticks) => ticks.map((v) => compact.format(v)) },
    ],
    series: [
      { label: 'UTC', value: (_, v) => (v === null || v === undefined ? '–' : format(utc(v))) },
      ...names.map((label, i) => ({
        label,
        stroke: colourOf(i),
        width: filled ? 1.4 : 1.8,
        ...(filled ? { fill: faint(colourOf(i)) } : {}),
        points: { show: false },
        paths: uPlot.paths.spline(),
        value: (_, v, series, index) => {
          const value = raw.data[series]?.[index];
          return value === null || value === undefined ? '–' : full.format(value);
        },
      })),
    ],
    bands: stacked ? names.slice(1).map((_, i) => ({ series: [i + 2, i + 1] })) : [],
  };
}

/**
 * Lines over time in `root`, or areas on each other; made anew only when its lines change.
 * @param {HTMLElement} root
 */
export function lineChart(root) {
  /** What the legend tells: the numbers before they were added up. */
  const raw = { data: [] };
  let plot;
  let drawn = '';
  let last;

  /** While nobody points at the chart its legend tells the newest values. */
  function tellNewest() {
    if (plot.cursor.idx === null || plot.cursor.idx === undefined || plot.cursor.left < 0) {
      plot.setLegend({ idx: plot.data[0].length - 1 }, false);
    }
  }

  function draw() {
    const { data, ...looks } = last;
    raw.data = data;
    const lists = looks.stacked ? stack(data) : data;
    const signature = JSON.stringify(looks);
    if (plot !== undefined && signature === drawn) {
      plot.setData(lists);
      tellNewest();
      return;
    }
    plot?.destroy();
    drawn = signature;
    root.replaceChildren();
    root.classList.toggle('stacked', looks.stacked);
    plot = new uPlot(optionsFor(root, looks, raw), lists, root);
    plot.over.addEventListener('mouseleave', tellNewest);
    tellNewest();
  }

  new ResizeObserver(() => {
    if (plot !== undefined && root.clientWidth > 0) plot.setSize({ width: root.clientWidth, height: HEIGHT });
  }).observe(root);

  return {
    /**
     * @param {{ names: string[], dates: boolean, stacked: boolean, data: (number | null)[][] }} next in `data` first x
     *   in seconds, then a list for each name
     */
    show(next) {
      last = next;
      draw();
    },
    /** Draws again in the colours of the theme. */
    redraw() {
      drawn = '';
      if (last !== undefined) draw();
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
