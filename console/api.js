/** An answer that says no, with what to do about it. */
export class Refusal extends Error {
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

async function read(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok)
    throw new Refusal(body.message ?? `The lakehouse answered ${response.status}.`, body.remedy);
  return body;
}

async function ask(path, init) {
  let response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new Refusal(
      'The lakehouse does not answer.',
      'See that it still runs; the page connects again by itself.',
    );
  }
  return read(response);
}

/** The plan: what this lakehouse is made of. */
export function getPlan() {
  return ask('/api/plan');
}

/** Runs one statement: `{ columns, rows, truncated, elapsedMs }`. */
export function runSql(sql) {
  return ask('/api/query', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ sql }),
  });
}
