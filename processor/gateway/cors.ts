import type { IncomingMessage, ServerResponse } from "node:http";

/** How long a browser may remember the answer to its preflight (Fetch standard, Access-Control-Max-Age). */
const PREFLIGHT_SECONDS = 7200;

/** Lets pages of the configured origins send spans. Answers preflights; true when the request was one and is answered. */
export function applyCors(origins: readonly string[], request: IncomingMessage, response: ServerResponse): boolean {
  const { origin } = request.headers;
  if (origins.length === 0 || origin === undefined) return false;
  const any = origins.includes("*");
  if (!any && !origins.includes(origin)) return false;
  response.setHeader("access-control-allow-origin", any ? "*" : origin);
  response.setHeader("vary", "origin");
  if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined) return false;
  response.writeHead(204, {
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "authorization, content-type, content-encoding",
    "access-control-max-age": String(PREFLIGHT_SECONDS),
  });
  response.end();
  return true;
}
