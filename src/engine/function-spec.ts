import { RuleProblem } from './rule-problem.ts';
import { isInteger, isNumeric, typeName, type SqlType } from './sql-type.ts';
import type { Typed } from './typed.ts';

/** What an argument must be. `literal` is checked by `accepts`, which says what is wrong with the text. */
export type Parameter =
  | 'string'
  | 'integer'
  | 'number'
  | 'double'
  | 'boolean'
  | 'binary'
  | 'day'
  | 'timestamp'
  | 'list'
  | 'map'
  | 'instant'
  | { literal: (text: string) => string | undefined };

/** One function of the subset, with its parameters, result, and how each engine spells it. */
export interface FunctionSpec {
  parameters: Parameter[];
  /** How many of the last parameters may be left out. @default 0 */
  optional?: number;
  result: SqlType | ((args: Typed[]) => SqlType);
  /** Further conditions on arguments together; returns what is wrong. */
  check?: (args: Typed[]) => string | undefined;
  /** @default the name and its arguments */
  duckdb?: (args: string[], typed: Typed[]) => string;
  /** @default the name and its arguments */
  athena?: (args: string[], typed: Typed[]) => string;
  /** DuckDB needs the macro of the same name in the schema `athena`. */
  macro?: boolean;
  rounded?: boolean;
}

const MEANS: Record<Extract<Parameter, string>, { label: string; is: (type: SqlType) => boolean }> = {
  string: { label: 'varchar', is: (t) => t.kind === 'string' },
  integer: { label: 'integer or bigint', is: isInteger },
  number: { label: 'a number', is: isNumeric },
  double: { label: 'double', is: (t) => t.kind === 'double' },
  boolean: { label: 'boolean', is: (t) => t.kind === 'boolean' },
  binary: { label: 'varbinary', is: (t) => t.kind === 'binary' },
  day: { label: 'date or timestamp', is: (t) => t.kind === 'date' || t.kind === 'timestamp' },
  timestamp: { label: 'timestamp', is: (t) => t.kind === 'timestamp' },
  list: { label: 'array', is: (t) => t.kind === 'list' },
  map: { label: 'map', is: (t) => t.kind === 'map' },
  instant: { label: 'timestamp with time zone', is: (t) => t.kind === 'instant' },
};

/** @throws RuleProblem when the arguments do not fit the function */
export function checkArguments(
  name: string,
  spec: FunctionSpec,
  args: Typed[],
  place: number | undefined,
): void {
  const most = spec.parameters.length;
  const least = most - (spec.optional ?? 0);
  if (args.length < least || args.length > most) {
    const wanted = least === most ? String(most) : `${least} to ${most}`;
    throw new RuleProblem(`${name} has ${args.length} arguments`, `give it ${wanted}`, place);
  }
  for (const [i, argument] of args.entries()) {
    const parameter = spec.parameters[i]!;
    const nth = `argument ${i + 1} of ${name}`;
    if (typeof parameter === 'string') {
      const { label, is } = MEANS[parameter];
      if (is(argument.type)) continue;
      throw new RuleProblem(
        `${nth} is ${typeName(argument.type)}`,
        `it must be ${label}; cast it if that is meant`,
        place,
      );
    }
    if (argument.literal === undefined)
      throw new RuleProblem(`${nth} is not a literal`, 'write its value', place);
    const wrong = parameter.literal(argument.literal);
    if (wrong !== undefined) throw new RuleProblem(`${nth} is '${argument.literal}'`, wrong, place);
  }
  const wrong = spec.check?.(args);
  if (wrong !== undefined) throw new RuleProblem(`the arguments of ${name} do not fit`, wrong, place);
}

/** A literal that is one of a few words, in lower case. */
export const oneOf = (...words: string[]): Parameter => ({
  literal: (text) =>
    words.includes(text) ? undefined : `write one of ${words.map((w) => `'${w}'`).join(', ')}`,
});
