import { TidemarkError } from '../errors.ts';

// What RE2 does not have (lookaround, back references), and possessive quantifiers: other engines would differ.
const NOT_RE2 = /\(\?<?[=!]|\\[1-9]|\\k<|[*+?}]\+/;
const LEADING_FLAGS = /^\(\?([ims]+)\)/;

/**
 * An RE2 expression that the whole text must match, as a JavaScript one.
 * Throws `invalid` for what the two do not share.
 */
export function compilePattern(pattern: string): RegExp {
  const flags = LEADING_FLAGS.exec(pattern)?.[1] ?? '';
  const body = pattern.replace(LEADING_FLAGS, '').replaceAll('(?P<', '(?<');
  if (NOT_RE2.test(body)) throw refusal(pattern, undefined);
  try {
    return new RegExp(`^(?:${body})$`, [...new Set(`u${flags}`)].join(''));
  } catch (cause) {
    throw refusal(pattern, cause);
  }
}

function refusal(pattern: string, cause: unknown): TidemarkError {
  return new TidemarkError('invalid', `Not a regular expression that can be checked: ${pattern}`, {
    context: { pattern },
    remedy: 'Use RE2 syntax without lookaround, back references and possessive quantifiers.',
    cause,
  });
}
