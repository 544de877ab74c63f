import { byId, say } from './dom.js';
import { ago, count, plural, rate, span, title } from './format.js';
import { glide } from './glide.js';
import { spark } from './spark.js';

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** The slowest real-time table speaks for the lakehouse: a mean would hide it. */
function slowest(tables) {
  const measured = tables.map((t) => t.freshness).filter((f) => f !== undefined && f.samples > 0);
  if (measured.length === 0) return undefined;
  return { p50: Math.max(...measured.map((f) => f.p50)), p99: Math.max(...measured.map((f) => f.p99)) };
}

/** The row of big numbers. */
export function setUpTiles() {
  const rateLine = spark(byId('rate-spark'));
  const freshLine = spark(byId('fresh-spark'));
  let peak = 0;
  return {
    show(state) {
      const perSecond = sum(state.streams.map((s) => s.perSecond));
      peak = Math.max(peak, perSecond);
      glide(byId('rate'), perSecond, rate);
      rateLine.add(perSecond);
      const records = sum(state.streams.map((s) => s.records));
      say(byId('rate-sub'), `${count(records)} so far${peak > 0 ? ` · peak ${rate(peak)}` : ''}`);
      document.documentElement.classList.toggle('flowing', perSecond > 0);

      const fresh = slowest(state.tables);
      if (fresh !== undefined) {
        glide(byId('p50'), fresh.p50, span);
        glide(byId('p99'), fresh.p99, span);
        freshLine.add(fresh.p50);
      }

      const rowsOf = (layer) => sum(state.tables.filter((t) => t.layer === layer).map((t) => t.rows));
      const [realtime, silver, gold] = [rowsOf('realtime'), rowsOf('silver'), rowsOf('gold')];
      glide(byId('rows'), realtime + silver + gold, count);
      say(byId('rows-sub'), `in ${plural(state.tables.length, 'table')}`);

      glide(byId('alerts-total'), state.alerts.total, count);
      const newest = state.alerts.recent.reduce(
        (best, alert) => (best === undefined || alert.firedAt > best.firedAt ? alert : best),
        undefined,
      );
      if (newest !== undefined) {
        say(byId('alerts-sub'), `${title(newest.alert)}, ${ago(state.now - newest.firedAt)}`);
      }
      glide(byId('quarantined'), state.quarantined, count);
      byId('quarantined').classList.toggle('bad', state.quarantined > 0);
    },
  };
}
