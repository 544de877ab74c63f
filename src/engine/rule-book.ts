import type { Sql } from '../definition/definition.ts';
import type { Problems } from '../definition/problems.ts';
import { compileRule, type CompiledRule, type RuleUse } from './compile-rule.ts';
import { RuleProblem } from './rule-problem.ts';
import type { Scope } from './scope.ts';
import type { Session } from './session.ts';
import { ident } from './sql-text.ts';

/** How much of a rule's text a message shows. */
const SHOWN = 60;

function excerpt(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= SHOWN ? line : `${line.slice(0, SHOWN - 1)}…`;
}

/** Compiles the rules of one definition and collects what is wrong with them. */
export class RuleBook {
  readonly problems: Problems;
  readonly #session: Session;

  constructor(session: Session, problems: Problems) {
    this.#session = session;
    this.problems = problems;
  }

  /**
   * @param path where the rule stands in the definition
   * @param rule SQL text, or the name of a column
   * @returns undefined when the rule is wrong; the problem is then noted
   */
  async compile(
    path: string,
    rule: Sql | string,
    scope: Scope,
    use: RuleUse,
  ): Promise<CompiledRule | undefined> {
    const text = typeof rule === 'string' ? ident(rule) : rule.sql;
    try {
      return await compileRule(this.#session, text, scope, use);
    } catch (error) {
      if (!(error instanceof RuleProblem)) throw error;
      const shown = typeof rule === 'string' ? rule : rule.sql;
      const near = error.place === undefined ? '' : ` at "${excerpt(text.slice(error.place)).slice(0, 20)}"`;
      this.problems.add(path, shown, `"${excerpt(shown)}": ${error.message}${near}`, error.remedy);
      return undefined;
    }
  }
}
