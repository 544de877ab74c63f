import { TidemarkError } from '../errors.ts';

const LEADING_FLAGS = /^\(\?([is]+)\)/;
const QUANTIFIERS = '*+?}';
/** RE2's `\s`; JavaScript's has many more. */
const SPACES = '\\t\\n\\f\\r ';

/**
 * An RE2 expression that the whole text must match, as a JavaScript one of the same meaning. Flags may stand at the
 * beginning only, `(?i)` and `(?s)`. Throws `invalid` for what the two do not share.
 */
export function compilePattern(pattern: string): RegExp {
  const flags = LEADING_FLAGS.exec(pattern)?.[1] ?? '';
  const body = translate(pattern, pattern.replace(LEADING_FLAGS, ''), flags.includes('s'));
  try {
    return new RegExp(`^(?:${body})$`, flags.includes('i') ? 'iu' : 'u');
  } catch (cause) {
    throw refusal(pattern, cause);
  }
}

function translate(pattern: string, body: string, dotAll: boolean): string {
  let out = '';
  let inClass = false;
  for (let index = 0; index < body.length; index += 1) {
    const char = body[index]!;
    const next = body[index + 1] ?? '';
    if (char === '\\') {
      out += escape(pattern, next, inClass);
      index += 1;
    } else if (inClass) {
      // `[[:alpha:]]` means another thing in JavaScript, and says so only sometimes.
      if (char === '[' && next === ':') throw refusal(pattern);
      inClass = char !== ']';
      out += char;
    } else if (char === '[') {
      inClass = true;
      out += char;
    } else if (char === '.') {
      out += dotAll ? '[^]' : '[^\\n]';
    } else if (char === '(' && next === '?') {
      const open = /^\(\?(?::|P?<(?![=!]))/.exec(body.slice(index))?.[0];
      if (open === undefined) throw refusal(pattern);
      out += open.replace('P', '');
      index += open.length - 1;
    } else {
      // A possessive quantifier, in engines that have it; RE2 and JavaScript do not.
      if (char === '+' && index > 0 && QUANTIFIERS.includes(body[index - 1]!) && body[index - 2] !== '\\') {
        throw refusal(pattern);
      }
      out += char;
    }
  }
  return out;
}

function escape(pattern: string, next: string, inClass: boolean): string {
  if (next === 's') return inClass ? SPACES : `[${SPACES}]`;
  if (next === 'S' && !inClass) return `[^${SPACES}]`;
  // Back references are not RE2; a negated class inside a class has no short translation.
  if (next === 'S' || next === 'k' || (next >= '1' && next <= '9')) throw refusal(pattern);
  return `\\${next}`;
}

function refusal(pattern: string, cause?: unknown): TidemarkError {
  return new TidemarkError('invalid', `Not a regular expression that every engine reads alike: ${pattern}`, {
    context: { pattern },
    remedy: 'Use RE2 syntax without lookaround, back references, possessive quantifiers and POSIX classes.',
    cause,
  });
}
