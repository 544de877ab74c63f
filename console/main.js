import { setUpAlerts } from './alerts.js';
import { getPlan } from './api.js';
import { byId, say } from './dom.js';
import { listen } from './feed.js';
import { setUpFlow } from './flow.js';
import { uptime } from './format.js';
import { setUpGold } from './gold.js';
import { setUpQuery } from './query.js';
import { setUpTheme } from './theme-toggle.js';
import { setUpTiles } from './tiles.js';

/** The plan does not change while the lakehouse runs, but the page may be open before it answers. */
async function untilPlan() {
  for (;;) {
    try {
      return await getPlan();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

const gold = setUpGold();
setUpTheme(() => gold.redraw());
const plan = await untilPlan();
say(byId('name'), plan.name);
document.title = `${plan.name} · Tidemark`;
const tiles = setUpTiles();
const flow = setUpFlow(plan);
const alerts = setUpAlerts(plan);
setUpQuery(plan);
gold.start(plan);

listen({
  state(state) {
    say(byId('uptime'), `lakehouse · up ${uptime(state.now - state.startedAt)}`);
    say(byId('endpoint'), state.endpoint);
    tiles.show(state);
    flow.show(state);
    alerts.show(state);
  },
  alert: (alert) => alerts.add(alert),
});
