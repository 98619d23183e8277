import { createHash, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Logger } from "pino";
import { TOKEN_PATTERN } from "../config-value.ts";

/** How soon a changed token file is noticed. */
const RELOAD_MS = 1000;
const TOKENS_MAX = 1000;

/** Who may pass a door. */
export interface TokenGate {
  /** Whether the Authorization header's value opens this door. */
  admits(authorization: string | undefined): boolean;
  close(): void;
}

export interface TokenSource {
  readonly tokens: readonly string[];
  readonly file: string | null;
}

/** A door that nobody guards, and one that nobody passes. */
export const OPEN_GATE: TokenGate = { admits: () => true, close: () => undefined };
export const CLOSED_GATE: TokenGate = { admits: () => false, close: () => undefined };

/**
 * Bearer tokens (RFC 6750), several at a time so that they can be rotated. Every token is compared, each in constant time
 * over its digest, so that the time of an answer tells neither a token's length nor how much of it was right. A token file
 * is read again as it changes; while it cannot be read or holds no token, the tokens before stay valid.
 */
export async function createTokenGate({ tokens, file }: TokenSource, log: Logger): Promise<TokenGate> {
  let digests = (file === null ? tokens : parseTokenFile(await readFile(file, "utf8"), file)).map(digestOf);
  let text = "";
  let complained = false;

  async function reload(path: string): Promise<void> {
    try {
      const next = await readFile(path, "utf8");
      if (next === text) return;
      digests = parseTokenFile(next, path).map(digestOf);
      if (text !== "") log.info({ file: path, tokens: digests.length }, "the token file changed and was read again");
      text = next;
      complained = false;
    } catch (error) {
      if (!complained) log.error({ file: path, error: String(error) }, "the token file cannot be read: the tokens before stay valid");
      complained = true;
    }
  }

  const timer = file === null ? undefined : setInterval(() => void reload(file), RELOAD_MS).unref();
  return {
    admits: (authorization) => matchesAny(authorization, digests),
    close: () => clearInterval(timer),
  };
}

function matchesAny(authorization: string | undefined, digests: readonly Buffer[]): boolean {
  const [, token] = /^bearer +(\S+) *$/i.exec(authorization ?? "") ?? [];
  if (token === undefined) return false;
  const digest = digestOf(token);
  let matches = false;
  for (const known of digests) matches = timingSafeEqual(known, digest) || matches;
  return matches;
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** One token a line; `#` starts a comment. */
function parseTokenFile(text: string, file: string): string[] {
  const tokens = text
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*$/, "").trim())
    .filter((line) => line !== "");
  if (tokens.length === 0) throw new Error(`${file}: expected at least one token, one a line`);
  if (tokens.length > TOKENS_MAX) throw new Error(`${file}: expected at most ${TOKENS_MAX} tokens`);
  const odd = tokens.findIndex((token) => !TOKEN_PATTERN.test(token));
  if (odd >= 0) throw new Error(`${file}: token ${odd + 1} holds characters that no Authorization header can carry`);
  return tokens;
}
