/** A value as DynamoDB writes it on the wire. */
export type Value = Readonly<Record<string, string>>;
export type Item = Record<string, Value>;

/** Names and values that an expression's placeholders stand for. */
export interface Placeholders {
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Record<string, Value>;
}

const numberOf = (value: Value | undefined): number => Number(value?.N ?? 0);

function compare(a: Value, b: Value): number {
  if ('N' in a) return numberOf(a) - numberOf(b);
  const [left = '', right = ''] = [a.S, b.S];
  return left < right ? -1 : left > right ? 1 : 0;
}

const OPERATORS: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

const nameOf = (name: string, { ExpressionAttributeNames }: Placeholders): string =>
  ExpressionAttributeNames?.[name] ?? name;

function valueOf(name: string, { ExpressionAttributeValues }: Placeholders): Value {
  const value = ExpressionAttributeValues?.[name];
  if (!value) throw new Error(`no value for ${name}`);
  return value;
}

function holdsTerm(term: string, item: Item | undefined, given: Placeholders): boolean {
  const absent = /^attribute_not_exists\((\S+)\)$/.exec(term);
  if (absent) return item?.[nameOf(absent[1]!, given)] === undefined;
  const comparison = /^(\S+) (=|<=?|>=?) (:\w+)$/.exec(term);
  if (!comparison) throw new Error(`the double of DynamoDB cannot read the condition ${term}`);
  const [, name = '', operator = '', value = ''] = comparison;
  const stored = item?.[nameOf(name, given)];
  return stored !== undefined && OPERATORS[operator]!(compare(stored, valueOf(value, given)));
}

/** Conditions of the product: terms, joined by AND, joined by OR; brackets only around what is joined by AND. */
export function holds(condition: string | undefined, item: Item | undefined, given: Placeholders): boolean {
  if (condition === undefined) return true;
  return condition.split(' OR ').some((alternative) =>
    alternative
      .replace(/^\((.*)\)$/, '$1')
      .split(' AND ')
      .every((term) => holdsTerm(term, item, given)),
  );
}

/** Updates of the product: `SET` of values and of `if_not_exists`, and `ADD` to a number. */
export function updated(expression: string, item: Item, given: Placeholders): Item {
  const [set = '', add] = expression.split(' ADD ');
  const next = { ...item };
  for (const [, name = '', missing, value = ''] of set.matchAll(
    /([#\w]+) = (if_not_exists\(\w+, )?(:\w+)/g,
  )) {
    const key = nameOf(name, given);
    if (missing === undefined || next[key] === undefined) next[key] = valueOf(value, given);
  }
  const [name, value] = add?.split(' ') ?? [];
  if (name !== undefined && value !== undefined)
    next[name] = { N: String(numberOf(next[name]) + numberOf(valueOf(value, given))) };
  return next;
}
