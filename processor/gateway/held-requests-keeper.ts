import type { Logger } from "pino";
import pg from "pg";
import { createUnclaimedCalls } from "../core/call-unclaimed.ts";
import type { EnrichContext } from "../core/enrich-context.ts";
import { describeError } from "../sinks/sink-error.ts";
import type { EnrichedSpan } from "../sinks/sink.ts";
import { heldRequestsOf, PROMOTED_KEPT_MS, type HeldRequest, type HeldRequests } from "../storage/held-requests.ts";
import { withClient } from "../storage/with-client.ts";
import { keyTextOf } from "./judge-orphans.ts";
import { judgeStored } from "./judge-stored.ts";
import { HEARD_MS, SETTLE_MS, type RequestSettler } from "./settle-requests.ts";

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
  readonly heardMs?: number;
  readonly log: Logger;
}

/** A part of the silence and of the time to hear, so that a slow round is no death and nobody misses what is announced. */
const ROUND_MS = HEARD_MS / 2.5;
/** A round ends after so many, and the next goes on. */
const TAKEOVERS_MAX = 20;
const OVERLAP_MS = 5_000;

/**
 * Keeps genai.held_requests true to what this process holds, and takes over what a process held that is no more: those
 * requests become calls, or not, by what is stored of their traces. Any number of processes may do so: one takes over at a
 * time, and a call that is written twice is counted once.
 */
export function startHeldRequestsKeeper(options: HeldRequestsKeeperOptions): { close(): Promise<void> } {
  const { databaseUrl: url, log, roundMs = ROUND_MS } = options;
  const held = heldRequestsOf(pg.escapeIdentifier(options.schema));
  const learned = { sinceMs: Date.now() - PROMOTED_KEPT_MS };
  let failed = false;

  async function keep(): Promise<void> {
    try {
      await withClient({ url, applicationName: "genai-otel held requests" }, async (client) => {
        await learnPromoted(client, held, { learned, context: options.context() });
        await held.touch(client, options.settler.held());
        await held.release(client, options.settler.takeReleased());
        await takeOver(client, held, options);
      });
      failed = false;
    } catch (error) {
      if (!failed)
        log.warn({ error: describeError(error) }, "requests that no GenAI span stands for could not be looked after; tried again");
      failed = true;
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

/** What other processes made calls of, or are about to: a GenAI span that comes later still is then told that its call is counted. */
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
  // The memory notes what it gives out; the rows are there, or will be.
  unclaimed.takeSettled(context, Infinity);
}

async function takeOver(client: pg.ClientBase, held: HeldRequests, options: HeldRequestsKeeperOptions): Promise<void> {
  const { silentMs = SETTLE_MS, heardMs = HEARD_MS } = options;
  const lock = `hashtext('genai-otel held requests'), hashtext(${client.escapeLiteral(options.schema)})`;
  const { rows } = await client.query<{ mine: boolean }>(`select pg_try_advisory_lock(${lock}) as mine`);
  if (rows[0]?.mine !== true) return;
  try {
    for (let times = 0; times < TAKEOVERS_MAX; times += 1) {
      const orphans = await held.orphans(client, silentMs, heardMs);
      if (orphans.length === 0) break;
      for (const announced of [false, true]) {
        const alike = orphans.filter((orphan) => orphan.announced === announced);
        if (alike.length > 0) await settleOrphans(client, held, { orphans: alike, announced, options });
      }
    }
    await held.forgetPromoted(client);
  } finally {
    await client.query(`select pg_advisory_unlock(${lock})`);
  }
}

interface Takeover {
  readonly orphans: readonly HeldRequest[];
  readonly announced: boolean;
  readonly options: HeldRequestsKeeperOptions;
}

/** Those that are calls are announced the first time, and written the second. */
async function settleOrphans(client: pg.ClientBase, held: HeldRequests, { orphans, announced, options }: Takeover): Promise<void> {
  const { schema, storesAllSpans, log } = options;
  const context = options.context();
  const { calls, written } = await judgeStored(client, orphans, { schema, storesAllSpans, prices: context.prices });
  const traces = new Set(calls.map(({ span }) => span.traceId));
  const isWritten = new Set(written.map(({ span }) => keyTextOf(span)));
  // The other attempts of a call wait with it: its retries are found by them once more.
  const waiting = orphans
    .map(({ span }) => span)
    .filter((span) => !announced && traces.has(span.traceId) && !isWritten.has(keyTextOf(span)));
  if (waiting.length > 0) await held.announce(client, waiting);
  if (announced && calls.length > 0) await options.promote(calls);
  await held.markPromoted(
    client,
    written.map(({ span }) => span),
  );
  rememberPromoted(calls, context);
  const isWaiting = new Set(waiting.map(keyTextOf));
  // What was promoted stays until it is forgotten.
  await held.release(
    client,
    orphans.flatMap(({ span }) => (isWaiting.has(keyTextOf(span)) ? [] : [span])),
  );
  log.info(
    { calls: calls.length, requests: orphans.length },
    announced
      ? "requests that a gateway held which is no more are settled"
      : "requests that a gateway held which is no more are taken over",
  );
}
