import { make, say } from './dom.js';
import { count, moment, plural, rate, span } from './format.js';
import { glide } from './glide.js';

function replayBar(stream) {
  const bar = make('progress', { max: '1', value: '0', 'aria-label': `Replay into ${stream}` });
  const at = make('span.replay-at');
  const part = make('span');
  const root = make('div.replay', { hidden: '' }, make('p.facts', {}, at, part), bar);
  return {
    root,
    show(replay) {
      root.hidden = replay === undefined;
      if (replay === undefined) return;
      const done = replay.total === 0 ? 1 : Math.min(1, replay.done / replay.total);
      bar.value = done;
      root.classList.toggle('finished', replay.finished);
      say(at, replay.at === undefined ? 'replay' : `replay at ${moment(replay.at)}`);
      say(part, replay.finished ? 'done' : `${Math.floor(done * 100)}%`);
    },
  };
}

/**
 * A card for one stream.
 * @param {string} name
 */
export function streamCard(name) {
  const records = make('span.rows-number');
  const perSecond = make('span.age');
  const shards = make('p.facts');
  const replay = replayBar(name);
  const root = make(
    'article.card',
    { 'data-layer': 'stream' },
    make('div.card-head', {}, make('h3', {}, name), perSecond),
    make('p.rows', {}, records, make('span.unit', {}, 'records')),
    shards,
    replay.root,
  );
  return {
    root,
    /** @returns true while records arrive */
    show(stream, state) {
      glide(records, stream.records, count);
      say(perSecond, stream.perSecond > 0 ? `${rate(stream.perSecond)} / s` : 'resting');
      const lag =
        stream.lagMs > 0 ? `oldest unclaimed record ${span(stream.lagMs)} old` : 'everything claimed';
      say(shards, `${plural(stream.shards, 'shard')} · ${lag}`);
      replay.show(state.replays.find((r) => r.stream === name));
      root.classList.toggle('glow', stream.perSecond > 0);
      return stream.perSecond > 0;
    },
  };
}
