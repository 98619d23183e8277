import { afterAll, beforeAll, expect, test } from "vitest";
import { assertRollupsMatchRows } from "../support/assert-rollups.ts";
import { type GatewayWithDatabase, startGatewayWithDatabase } from "../support/gateway-with-database.ts";
import { mutate } from "../support/mutate.ts";
import { poisonedRequest, traceRequest } from "../support/trace-requests.ts";

const MIB = 1024 * 1024;
const BODIES = 10_000;

let own: GatewayWithDatabase;

beforeAll(async () => {
  own = await startGatewayWithDatabase();
});
afterAll(() => own.close());

test(`${BODIES} mutated bodies, protobuf and JSON: each is answered, the process lives, its memory stays`, async () => {
  const { gateway, database, post } = own;
  const before = await gateway.residentBytes();
  const sources = [traceRequest({ spans: 4, promptChars: 200 }), traceRequest({ spans: 1 })];
  const statuses = new Map<number, number>();
  for (let seed = 0; seed < BODIES; seed += 1) {
    const source = sources[seed % 4 < 2 ? 0 : 1] ?? traceRequest({ spans: 1 });
    const [body, type] = seed % 2 === 0 ? [source.protobuf, "application/x-protobuf"] : [source.json, "application/json"];
    const status = await post(mutate(body, seed), type);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  expect([...statuses.keys()].toSorted((a, b) => a - b)).toEqual([200, 400]);
  expect(gateway.output()).not.toContain("failed unexpectedly");
  await assertRollupsMatchRows(database.pool);
  expect((await gateway.residentBytes()) - before).toBeLessThan(100 * MIB);
});

test("a poisonous request a hundred times: memory stays", async () => {
  const { gateway, database, post } = own;
  const send = (): Promise<number> => post(poisonedRequest().poisoned);
  for (let round = 0; round < 10; round += 1) expect(await send()).toBe(200);
  const before = await gateway.residentBytes();
  for (let round = 0; round < 90; round += 1) expect(await send()).toBe(200);
  expect((await gateway.residentBytes()) - before).toBeLessThan(100 * MIB);
  await assertRollupsMatchRows(database.pool);
});
