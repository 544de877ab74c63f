import type { Need } from './call.ts';
import type { Grant } from './policies.ts';

/** Why a role may do what no recorded call needs. */
export interface Explanation {
  /** Names of the functions' handlers: `ingest` stands for each of its processors. @default every function */
  handlers?: readonly string[];
  actions: readonly string[];
  /** What the resource of each such grant must match. */
  resource: RegExp;
  because: string;
}

export interface Findings {
  /** Needed by a recorded call and not allowed. */
  missing: string[];
  /** Allowed, needed by no recorded call, and not explained. */
  spare: string[];
}

/** Whether a pattern of IAM, in which `*` and `?` are wildcards, covers a text. */
export function covers(pattern: string, text: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(text);
}

const allows = (grant: Grant, need: Need): boolean =>
  covers(grant.action.toLowerCase(), need.action.toLowerCase()) && covers(grant.resource, need.resource);

const explains = ({ actions, resource }: Explanation, grant: Grant): boolean =>
  actions.includes(grant.action) && resource.test(grant.resource);

const lines = (all: readonly (Need | Grant)[]): string[] =>
  [...new Set(all.map(({ action, resource }) => `${action} on ${resource}`))].sort();

/** Compares what a role may do with what its function was seen to need. */
export function compare(
  needs: readonly Need[],
  grants: readonly Grant[],
  explanations: readonly Explanation[],
): Findings {
  const missing = needs.filter((need) => !grants.some((grant) => allows(grant, need)));
  const idle = grants.filter((grant) => !needs.some((need) => allows(grant, need)));
  const spare = idle.filter((grant) => !explanations.some((e) => explains(e, grant)));
  return { missing: lines(missing), spare: lines(spare) };
}

/** Explanations that explain nothing: what they stood for is gone, or is recorded now. */
export function staleExplanations(
  roles: readonly {
    needs: readonly Need[];
    grants: readonly Grant[];
    explanations: readonly Explanation[];
  }[],
  all: readonly Explanation[],
): string[] {
  const used = new Set<Explanation>();
  for (const { needs, grants, explanations } of roles)
    for (const grant of grants)
      if (!needs.some((need) => allows(grant, need)))
        for (const explanation of explanations) if (explains(explanation, grant)) used.add(explanation);
  return all.filter((e) => !used.has(e)).map((e) => `${e.actions.join(', ')}: ${e.because}`);
}
