import type { Logger } from "pino";
import pg from "pg";
import { createUnclaimedCalls } from "../core/call-unclaimed.ts";
import type { EnrichContext } from "../core/enrich-context.ts";
import { describeError } from "../sinks/sink-error.ts";
import type { EnrichedSpan } from "../sinks/sink.ts";
import { heldRequestsOf, PROMOTED_KEPT_MS, type HeldRequest, type HeldRequests } from "../storage/held-requests.ts";
import { storedGenAiSpans, storedPlainSpans } from "../storage/stored-traces.ts";
import { judgeOrphans, keyTextOf } from "./judge-orphans.ts";
import { SETTLE_MS, type RequestSettler } from "./settle-requests.ts";

export interface HeldRequestsKeeperOptions {
  readonly databaseUrl: string;
  readonly schema: string;
  /** All spans are stored, so that what stands between a call and its request is known. */
  readonly storesAllSpans: boolean;
  readonly settler: Pick<RequestSettler, "held" | "takeReleased">;
  /** With the memory of this process. */
  readonly context: () => EnrichContext;
  /** Makes rows of model calls out of rows of plain spans. */
  readonly promote: (calls: readonly EnrichedSpan[]) => Promise<void>;
  readonly roundMs?: number;
  /** A request that nobody has said to hold for so long is taken over: its process is gone, and its trace has settled. */
  readonly silentMs?: number;
  readonly log: Logger;
}

/** A third of the silence, so that a slow round is no death. */
const ROUND_MS = SETTLE_MS / 3;
const CONNECT_MS_MAX = 2_000;
const STATEMENT_MS_MAX = 10_000;
/** A round ends after so many, and the next goes on. */
const TAKEOVERS_MAX = 20;
const OVERLAP_MS = 5_000;

/**
 * Keeps genai.held_requests true to what this process holds, and takes over what a process held that is no more: those
 * requests become calls, or not, by what is stored of their traces. Any number of processes may do so: one takes over at a
 * time, and a call that is written twice is counted once.
 */
export function startHeldRequestsKeeper(options: HeldRequestsKeeperOptions): { close(): Promise<void> } {
  const { databaseUrl, log, roundMs = ROUND_MS } = options;
  const held = heldRequestsOf(pg.escapeIdentifier(options.schema));
  const learned = { sinceMs: Date.now() - PROMOTED_KEPT_MS };
  let failed = false;

  async function keep(): Promise<void> {
    const client = new pg.Client({
      connectionString: databaseUrl,
      application_name: "genai-otel held requests",
      connectionTimeoutMillis: CONNECT_MS_MAX,
      statement_timeout: STATEMENT_MS_MAX,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      await held.touch(client, options.settler.held());
      await held.release(client, options.settler.takeReleased());
      await learnPromoted(client, held, { learned, context: options.context() });
      await takeOver(client, held, options);
      failed = false;
    } catch (error) {
      if (!failed)
        log.warn({ error: describeError(error) }, "requests that no GenAI span stands for could not be looked after; tried again");
      failed = true;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  let round = keep();
  const timer = setInterval(() => {
    round = round.then(keep);
  }, roundMs).unref();
  return {
    async close() {
      clearInterval(timer);
      await round;
    },
  };
}

interface Learning {
  readonly learned: { sinceMs: number };
  readonly context: EnrichContext;
}

/** What other processes made calls of: a GenAI span that comes later still is then told that its call is counted. */
async function learnPromoted(client: pg.ClientBase, held: HeldRequests, { learned, context }: Learning): Promise<void> {
  const { requests, nowMs } = await held.promotedSince(client, learned.sinceMs);
  learned.sinceMs = nowMs - OVERLAP_MS;
  rememberPromoted(requests, context);
}

function rememberPromoted(requests: readonly Pick<HeldRequest, "span">[], context: EnrichContext): void {
  const { memory } = context;
  // A process that has just started has no time of its own yet, and would forget at once what is older than that.
  memory.begin(context.nowMs);
  const unclaimed = createUnclaimedCalls<null>({ settleMs: 0, spansMax: Infinity });
  for (const { span } of requests) {
    if (memory.trace(span.traceId)?.nodes.get(span.spanId)?.promoted !== true) unclaimed.hold(span, null, 0);
  }
  // The memory notes what it gives out; the rows are there.
  unclaimed.takeSettled(context, Infinity);
}

async function takeOver(client: pg.ClientBase, held: HeldRequests, options: HeldRequestsKeeperOptions): Promise<void> {
  const lock = `hashtext('genai-otel held requests'), hashtext(${client.escapeLiteral(options.schema)})`;
  const { rows } = await client.query<{ mine: boolean }>(`select pg_try_advisory_lock(${lock}) as mine`);
  if (rows[0]?.mine !== true) return;
  try {
    for (let times = 0; times < TAKEOVERS_MAX; times += 1) {
      const orphans = await held.orphans(client, options.silentMs ?? SETTLE_MS);
      if (orphans.length === 0) break;
      await settleOrphans(client, held, { orphans, options });
    }
    await held.forgetPromoted(client);
  } finally {
    await client.query(`select pg_advisory_unlock(${lock})`);
  }
}

interface Takeover {
  readonly orphans: readonly HeldRequest[];
  readonly options: HeldRequestsKeeperOptions;
}

async function settleOrphans(client: pg.ClientBase, held: HeldRequests, { orphans, options }: Takeover): Promise<void> {
  const schema = pg.escapeIdentifier(options.schema);
  const starts = orphans.map(({ span }) => span.startMs);
  const asked = {
    traceIds: [...new Set(orphans.map(({ span }) => span.traceId))],
    fromMs: Math.min(...starts),
    toMs: Math.max(...starts),
  };
  const genAi = await storedGenAiSpans(client, schema, asked);
  const plain = await storedPlainSpans(client, schema, asked);
  const counted = new Set(genAi.map(keyTextOf));
  // Its process had written the call, and died before it could say so.
  const done = orphans.filter(({ span }) => counted.has(keyTextOf(span)));
  const open = orphans.filter(({ span }) => !counted.has(keyTextOf(span)));
  const context = options.context();
  const found = judgeOrphans(open, [...genAi, ...plain], context.prices);
  const certain = options.storesAllSpans ? found : found.filter(({ span }) => !genAi.some(({ traceId }) => traceId === span.traceId));
  const calls = [...certain, ...done.map(({ span, attributesJson }) => ({ span, attributesJson, enrichment: null }))];
  if (certain.length > 0) await options.promote(certain);
  await held.markPromoted(
    client,
    calls.map(({ span }) => span),
  );
  rememberPromoted(certain, context);
  const promoted = new Set(calls.map(({ span }) => keyTextOf(span)));
  await held.release(
    client,
    orphans.flatMap(({ span }) => (promoted.has(keyTextOf(span)) ? [] : [span])),
  );
  options.log.info({ calls: certain.length, requests: orphans.length }, "requests that a gateway held which is no more are settled");
}
