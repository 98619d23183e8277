import pg from "pg";
import { OWN } from "../core/attributes.ts";
import type { PriceBook } from "../core/price-book.ts";
import type { Span } from "../core/span.ts";
import type { EnrichedSpan } from "../sinks/sink.ts";
import type { HeldRequest } from "../storage/held-requests.ts";
import { storedGenAiSpans, storedPlainSpans } from "../storage/stored-traces.ts";
import { judgeOrphans, keyTextOf } from "./judge-orphans.ts";

export interface JudgeStoredOptions {
  readonly schema: string;
  readonly prices: PriceBook;
  /** All spans are stored, so that what stands between a call and its request is known. */
  readonly storesAllSpans: boolean;
}

export interface Verdict {
  /** Requests that no stored GenAI span stands for: calls of their own, the earlier attempts of each taken into it. */
  readonly calls: readonly EnrichedSpan[];
  /** Requests that are stored as calls already: somebody had written them and ended before he could say so. */
  readonly written: readonly HeldRequest[];
  /** What is stored of their traces. */
  readonly genAi: readonly Span[];
}

/** Which of these requests are calls of their own, by what all gateways together have stored of their traces. */
export async function judgeStored(
  client: pg.ClientBase,
  requests: readonly HeldRequest[],
  { schema, prices, storesAllSpans }: JudgeStoredOptions,
): Promise<Verdict> {
  const name = pg.escapeIdentifier(schema);
  const starts = requests.map(({ span }) => span.startMs);
  const asked = {
    traceIds: [...new Set(requests.map(({ span }) => span.traceId))],
    fromMs: Math.min(...starts),
    toMs: Math.max(...starts),
  };
  const genAi = await storedGenAiSpans(client, name, asked);
  const plain = await storedPlainSpans(client, name, asked);
  const counted = new Set(genAi.map(keyTextOf));
  const written = requests.filter(({ span }) => counted.has(keyTextOf(span)));
  const open = requests.filter(({ span }) => !counted.has(keyTextOf(span)));
  const standing = genAi.filter((span) => stands(span, requests));
  const found = judgeOrphans(open, [...standing, ...plain], prices);
  const calls = storesAllSpans ? found : found.filter(({ span }) => !standing.some(({ traceId }) => traceId === span.traceId));
  return { calls, written, genAi };
}

/** Once a request was announced, a GenAI span around it that counts as no call may be one that was told so: it stands for nothing. */
function stands(genAi: Span, requests: readonly HeldRequest[]): boolean {
  if (genAi.attributes[OWN.llmCall] !== false) return true;
  return !requests.some(({ span, announced }) => announced && span.traceId === genAi.traceId);
}
