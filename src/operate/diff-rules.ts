import type { Steps } from './diff-change.ts';
import type { NotedGold, NotedGroup, NotedPart, NotedRealtime, NotedSilver } from './diff-noted.ts';

/** Compares what a table notes of its rules with what the plan says, and adds what that does to its rows. */
export function compareRules(steps: Steps, before: NotedPart, now: NotedPart, columnsChanged: boolean): void {
  if (before.layer === 'realtime' && now.layer === 'realtime')
    compareRealtime(steps, before, now, columnsChanged);
  if (before.layer === 'silver' && now.layer === 'silver') compareSilver(steps, before, now);
  if (before.layer === 'gold' && now.layer === 'gold') compareGold(steps, before, now);
}

const names = (list: readonly string[]): string => (list.length === 0 ? 'none' : list.join(', '));

function compareRealtime(
  steps: Steps,
  before: NotedRealtime,
  now: NotedRealtime,
  columnsChanged: boolean,
): void {
  if (before.version !== now.version)
    steps.breaking(
      'version changed',
      undefined,
      'version',
      `rows are ordered by ${now.version} instead of ${before.version}: what is stored cannot be compared with what comes, so an older row may win over a newer one`,
    );
  // Columns that come and go change the text too; they are told of already.
  if (before.filter !== now.filter || (before.select !== now.select && !columnsChanged))
    steps.safe(
      'rule changed',
      undefined,
      'only rows that come from now on follow the rule; those in the table stay as the earlier rule made them',
    );
  if (before.contract !== now.contract)
    steps.safe(
      'rule changed',
      undefined,
      "the stream's contract changed: only records that come from now on are checked by it",
    );
}

function compareSilver(steps: Steps, before: NotedSilver, now: NotedSilver): void {
  if (before.mode !== now.mode)
    steps.breaking(
      'mode changed',
      undefined,
      'mode',
      `the mode becomes ${now.mode} instead of ${before.mode}: rows that are there lack the columns by which ${now.mode} finds them, and stay beside the new ones`,
    );
  if (before.key.join() !== now.key.join())
    steps.breaking(
      'key changed',
      undefined,
      'key',
      `the key becomes ${names(now.key)} instead of ${names(before.key)}: rows that are there keep their old keys and are not merged with new ones`,
    );
  if (before.mode === now.mode) compareGroups(steps, before.groups, now.groups);
  for (const [name, join] of Object.entries(now.joins)) {
    const was = before.joins[name];
    if (was && JSON.stringify(was) !== JSON.stringify(join))
      steps.safe(
        'rule changed',
        undefined,
        `the join ${name} changed: rows are looked up anew when they or what they join change`,
      );
  }
}

type Groups = Readonly<Record<string, NotedGroup>>;

function compareGroups(steps: Steps, before: Groups, now: Groups): void {
  const home = new Map(
    Object.entries(before).flatMap(([group, { columns }]) =>
      Object.keys(columns).map((c) => [c, group] as const),
    ),
  );
  for (const name of Object.keys(before).filter((n) => !(n in now)))
    steps.breaking(
      'group changed',
      undefined,
      `group:${name}`,
      `the group ${name} is gone: nothing sets its columns any more, and which event set them last is forgotten`,
    );
  for (const [name, group] of Object.entries(now)) {
    const was = before[name];
    const moved = Object.keys(group.columns).filter((c) => home.has(c) && home.get(c) !== name);
    if (moved.length > 0)
      steps.breaking(
        'group changed',
        undefined,
        `group:${name}`,
        `the group ${name} now sets ${names(moved)}: an older event may overwrite what a newer one of another group set`,
      );
    if (!was) {
      steps.safe('group changed', undefined, `the group ${name} is new: its columns fill as its events come`);
    } else if (was.from !== group.from || was.fact !== group.fact) {
      const what =
        was.from === group.from ? 'is the one that makes rows exist, or no longer' : `reads ${group.from}`;
      steps.breaking(
        'group changed',
        undefined,
        `group:${name}`,
        `the group ${name} ${what}: rows that are there were made by the earlier one and stay as they are`,
      );
    } else if (changedRule(was, group)) {
      steps.safe(
        'rule changed',
        undefined,
        'only rows that are merged from now on follow the rule; those in the table stay as the earlier rule made them',
      );
    }
  }
}

function changedRule(before: NotedGroup, now: NotedGroup): boolean {
  if (before.filter !== now.filter) return true;
  return Object.entries(now.columns).some(
    ([name, rule]) => name in before.columns && before.columns[name] !== rule,
  );
}

function compareGold(steps: Steps, before: NotedGold, now: NotedGold): void {
  const groups = (part: NotedGold): string =>
    JSON.stringify([part.from, Object.entries(part.groupBy).sort()]);
  if (groups(before) !== groups(now)) {
    const was = names(Object.keys(before.groupBy));
    const is = names(Object.keys(now.groupBy));
    steps.breaking(
      'Gold groups changed',
      undefined,
      'groups',
      `rows become groups of ${is} from ${now.from} instead of ${was} from ${before.from}: the earlier groups stay beside the new ones and count twice`,
    );
    return;
  }
  const changed = Object.entries(now.measures).filter(
    ([n, rule]) => n in before.measures && before.measures[n] !== rule,
  );
  if (before.filter !== now.filter || changed.length > 0)
    steps.safe(
      'rule changed',
      undefined,
      'only groups that a change touches from now on follow the rule; the others stay as the earlier rule made them',
    );
}
