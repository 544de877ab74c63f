import type { MiddlewareHandler } from 'hono';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/** The host name of a `Host` header, without its port; undefined when it is none. */
function hostName(header: string | undefined): string | undefined {
  return /^(\[[0-9a-f:]+\]|[^:/@\s]+)(?::\d+)?$/i.exec(header ?? '')?.[1]?.toLowerCase();
}

/**
 * Keeps the console to the person at this machine. A page of another site can make a browser send requests here, and
 * by DNS rebinding even under its own name: the `Host` must be a loopback name, and what another origin sends is
 * refused.
 */
export function guard(): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header('host');
    const name = hostName(host);
    if (name === undefined || !LOOPBACK.has(name)) {
      return c.json({ message: `The console answers on loopback only, not to ${host ?? 'no host'}.` }, 403);
    }
    const origin = c.req.header('origin');
    const site = c.req.header('sec-fetch-site') ?? 'same-origin';
    const foreign = origin !== undefined && origin.toLowerCase() !== `http://${(host ?? '').toLowerCase()}`;
    const touchesData = c.req.path.startsWith('/api/') || c.req.method !== 'GET';
    if (touchesData && (foreign || (site !== 'same-origin' && site !== 'none'))) {
      return c.json({ message: 'The console answers only its own page.' }, 403);
    }
    await next();
    return undefined;
  };
}

/** No script, style or connection but our own; nothing kept in a cache that could outlive this run. */
export function safeHeaders(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    c.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    c.header('X-Content-Type-Options', 'nosniff');
    c.header('Referrer-Policy', 'no-referrer');
    c.header('Cross-Origin-Resource-Policy', 'same-origin');
    c.header('Cache-Control', 'no-cache');
  };
}
