import { SETTINGS } from './settings.ts';

const shown = (value: unknown): string => (value === '' ? 'none' : `\`${JSON.stringify(value)}\``);

/** The settings as a Markdown table, for `docs/deploy.md`. */
export function settingsTable(): string {
  const rows = Object.entries(SETTINGS).map(
    ([name, { value, doc, oneOf }]: [string, { value: unknown; doc: string; oneOf?: readonly string[] }]) => {
      const others = oneOf ? ` One of ${oneOf.map((word) => `\`${word}\``).join(', ')}.` : '';
      return `| \`tidemark:${name}\` | ${shown(value)} | ${doc}.${others} |`;
    },
  );
  return ['| setting | default | what it does |', '|---|---|---|', ...rows].join('\n');
}
