import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { assertRollupsMatchRows } from "../support/assert-rollups.ts";
import { type GatewayWithDatabase, startGatewayWithDatabase } from "../support/gateway-with-database.ts";
import { callAround, requestToModel, tracePlace } from "../support/trace-requests.ts";

const REQUESTS = 20;

let own: GatewayWithDatabase;

beforeEach(async () => {
  own = await startGatewayWithDatabase();
});
afterEach(() => own.close());

async function post(body: Uint8Array): Promise<void> {
  expect(await own.post(body)).toBe(200);
}

async function counted(): Promise<{ calls: number; held: number; plain: number }> {
  const { rows } = await own.database.pool.query<{ calls: number; held: number; plain: number }>(
    `select (select count(*)::int from genai.llm_traces where llm_call) as calls, (select count(*)::int from genai.spans) as plain,
     (select count(*)::int from genai.held_requests where promoted_at is null) as held`,
  );
  return rows[0] ?? { calls: -1, held: -1, plain: -1 };
}

test("SIGKILL while requests that no GenAI span stands for are held: after a restart each is counted once, those with a late span too", async () => {
  const { gateway, database } = own;
  const places = Array.from({ length: REQUESTS }, tracePlace);
  for (const place of places) await post(requestToModel({ status: 200, place }));
  expect(await counted()).toEqual({ calls: 0, held: REQUESTS, plain: REQUESTS });
  await gateway.kill();
  await gateway.start();
  // Half of them were held until the span around them came, which nobody who lived remembers.
  const late = places.slice(0, REQUESTS / 2);
  for (const place of late) await post(callAround(place));
  await expect.poll(counted, { timeout: 150_000, interval: 1000 }).toEqual({ calls: REQUESTS, held: 0, plain: REQUESTS / 2 });
  // The others' spans come after all, when their calls are counted; and the gateway dies once more.
  await sleep(1000);
  for (const place of places.slice(REQUESTS / 2, REQUESTS * 0.75)) await post(callAround(place));
  await gateway.kill();
  await gateway.start();
  await expect.poll(async () => gateway.output(), { timeout: 10_000 }).toContain("genai-otel");
  await sleep(2000);
  for (const place of places.slice(REQUESTS * 0.75)) await post(callAround(place));
  expect((await counted()).calls).toBe(REQUESTS);
  await assertRollupsMatchRows(database.pool);
});
