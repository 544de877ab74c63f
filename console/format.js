const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 4 });
const three = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });

/** 1,234,567 in full; from a hundred million on 123.5M. */
export function count(value) {
  return Math.abs(value) < 1e8 ? whole.format(value) : short.format(value);
}

/** `1 file`, `2 files`. */
export function plural(value, one, many = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** 0, 3.2, 47, 1,024. */
export function rate(value) {
  return value < 10 ? three.format(Math.round(value * 10) / 10) : whole.format(value);
}

/** 999 B, 3.4 MB. */
export function bytes(value) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let i = 0;
  for (; value >= 999.5 && i < units.length - 1; i++) value /= 1000;
  return `${i === 0 ? whole.format(value) : three.format(value)} ${units[i]}`;
}

/** A span as one reads it aloud: 42 ms, 1.4 s, 12 min, 3 h 20 min. */
export function span(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long something has been up, to the second: it is the page's heartbeat. */
export function uptime(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h > 0) return `${h} h ${m} min`;
  return m > 0 ? `${m} min ${s} s` : `${s} s`;
}

/** How long ago, coarse on purpose: a number that changes at each glance says nothing. */
export function ago(ms) {
  if (ms < 1500) return 'just now';
  return `${span(Math.floor(ms / 1000) * 1000).replace('.0', '')} ago`;
}

/** A moment in UTC: 2013-01-01 10:15. */
export function moment(value) {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? String(value) : date.toISOString().slice(0, 16).replace('T', ' ');
}

/** `mean_delay` → `mean delay`. */
export function words(name) {
  return name.replaceAll('_', ' ').trim();
}

/** The same with a capital first letter. */
export function title(name) {
  const text = words(name);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
