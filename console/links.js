import { svg } from './dom.js';

/** Which card feeds which, from the plan: `[from, to]` of `layer:name`. */
export function edgesOf(plan) {
  const edges = [
    ...plan.realtime.map((t) => [`stream:${t.stream}`, `realtime:${t.name}`]),
    ...plan.silver.flatMap((t) => t.groups.map((g) => [`realtime:${g.from}`, `silver:${t.name}`])),
    ...plan.gold.map((t) => [`silver:${t.from}`, `gold:${t.name}`]),
  ];
  return [...new Map(edges.map((edge) => [edge.join(' '), edge])).values()];
}

/**
 * The lines between the cards, drawn behind them. A line moves for a moment when its target has a new commit.
 * @param {SVGElement} root
 * @param {[string, string][]} edges
 * @param {Map<string, HTMLElement>} cards
 */
export function linksView(root, edges, cards) {
  const lines = edges.map(([from, to]) => {
    const path = svg('path', { class: 'edge', 'data-layer': to.split(':')[0] });
    return { from, to, path, until: 0 };
  });
  root.append(...lines.map((line) => line.path));

  function place() {
    const frame = root.getBoundingClientRect();
    for (const { from, to, path } of lines) {
      const a = cards.get(from)?.getBoundingClientRect();
      const b = cards.get(to)?.getBoundingClientRect();
      // Where the columns stand below each other there is no gap to draw in.
      if (a === undefined || b === undefined || b.left <= a.right) {
        path.removeAttribute('d');
        continue;
      }
      const [x1, x2] = [a.right - frame.left, b.left - frame.left];
      const [y1, y2] = [a.top + 34 - frame.top, b.top + 34 - frame.top];
      const bend = (x2 - x1) / 2;
      path.setAttribute('d', `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
    }
  }

  const observer = new ResizeObserver(place);
  observer.observe(root.parentElement);
  for (const card of cards.values()) observer.observe(card);
  return {
    /** @param {Set<string>} changed cards with something new */
    show(changed, now) {
      for (const line of lines) {
        if (changed.has(line.to)) line.until = now + 1600;
        line.path.classList.toggle('moving', now < line.until);
      }
    },
  };
}
