import { createHash } from 'node:crypto';
import type { PlanAlert, PlanRealtime } from '../definition/plan.ts';
import type { Session } from '../engine/session.ts';
import { textOf } from '../engine/row.ts';
import { ident, literal } from '../engine/sql-text.ts';
import type { Clock } from '../ports/clock.ts';
import type { Alert, HotItem, HotStore, Notifier, Row } from '../ports/effects.ts';
import type { Position } from '../ports/ledger.ts';
import { outputOf } from './rule.ts';

export interface EffectPorts {
  hotStore: HotStore;
  notifier: Notifier;
  clock: Clock;
}

/** The same event gives the same id however often it is told. */
function alertId(alert: string, row: Row): string {
  const identity = [alert, textOf(row, '_shard'), textOf(row, '_seq'), textOf(row, '_sub')].join('/');
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}

async function alertsOf(
  session: Session,
  table: PlanRealtime,
  alert: PlanAlert,
  after: Position,
  clock: Clock,
): Promise<Alert[]> {
  const rows = await session.rows(
    `SELECT *, epoch_ms(${ident(table.eventTime)}) AS _event_ms FROM ${outputOf(table)}
     WHERE _seq > ${literal(after)} AND (${alert.when.duckdb}) ORDER BY _seq, _sub`,
  );
  return rows.map(({ _event_ms, ...row }) => ({
    id: alertId(alert.name, row),
    alert: alert.name,
    notify: alert.notify,
    firedAt: clock.now(),
    eventTime: Number(_event_ms),
    shard: textOf(row, '_shard'),
    position: textOf(row, '_seq'),
    row,
  }));
}

async function hotItemsOf(session: Session, table: PlanRealtime, after: Position): Promise<HotItem[]> {
  if (table.hotKey.length === 0) return [];
  const key = table.hotKey.map(ident).join(', ');
  const rows = await session.rows(
    `SELECT * FROM ${outputOf(table)} WHERE _seq > ${literal(after)}
     QUALIFY row_number() OVER (PARTITION BY ${key} ORDER BY _ord DESC) = 1`,
  );
  return rows.map((row) => ({
    table: table.name,
    key: table.hotKey.map((k) => textOf(row, k)).join('/'),
    ord: textOf(row, '_ord'),
    row,
  }));
}

/** Tells the hot store and the alert channels of the batch's rows beyond `after`. May be repeated. */
export async function applyEffects(
  session: Session,
  ports: EffectPorts,
  tables: PlanRealtime[],
  alerts: PlanAlert[],
  after: Position,
): Promise<void> {
  for (const table of tables) {
    const items = await hotItemsOf(session, table, after);
    if (items.length > 0) await ports.hotStore.put(items);
    for (const alert of alerts.filter((a) => a.from === table.name)) {
      const fired = await alertsOf(session, table, alert, after, ports.clock);
      if (fired.length > 0) await ports.notifier.notify(fired);
    }
  }
}
