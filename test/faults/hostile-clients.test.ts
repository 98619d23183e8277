import { afterAll, beforeAll, expect, test } from "vitest";
import { assertRollupsMatchRows } from "../support/assert-rollups.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { createGatewayProcess, type GatewayProcess } from "../support/gateway-process.ts";
import { mutate } from "../support/mutate.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { poisonedRequest, traceRequest } from "../support/trace-requests.ts";

const MIB = 1024 * 1024;
const BODIES = 10_000;

let database: TestDatabase;
let gateway: GatewayProcess;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeAll(async () => {
  directory = await temporaryDirectory();
  database = await createDatabase();
  gateway = await createGatewayProcess({ env: { DATABASE_URL: database.url, DATA_DIR: directory.path } });
  await gateway.start();
});
afterAll(async () => {
  await gateway.kill();
  await database.drop();
  await directory.remove();
});

test(`${BODIES} mutated bodies, protobuf and JSON: each is answered, the process lives, its memory stays`, async () => {
  const before = await gateway.residentBytes();
  const sources = [traceRequest({ spans: 4, promptChars: 200 }), traceRequest({ spans: 1 })];
  const statuses = new Map<number, number>();
  for (let seed = 0; seed < BODIES; seed += 1) {
    const source = sources[seed % 4 < 2 ? 0 : 1] ?? traceRequest({ spans: 1 });
    const [body, type] = seed % 2 === 0 ? [source.protobuf, "application/x-protobuf"] : [source.json, "application/json"];
    const response = await fetch(`${gateway.url}/v1/traces`, {
      method: "POST",
      headers: { "content-type": type },
      body: mutate(body, seed),
    });
    await response.arrayBuffer();
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
  }
  expect([...statuses.keys()].toSorted((a, b) => a - b)).toEqual([200, 400]);
  expect(gateway.output()).not.toContain("failed unexpectedly");
  await assertRollupsMatchRows(database.pool);
  expect((await gateway.residentBytes()) - before).toBeLessThan(100 * MIB);
});

test("a poisonous request a hundred times: memory stays", async () => {
  const send = async (): Promise<number> => {
    const { poisoned } = poisonedRequest();
    const response = await fetch(`${gateway.url}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: poisoned,
    });
    await response.arrayBuffer();
    return response.status;
  };
  for (let round = 0; round < 10; round += 1) expect(await send()).toBe(200);
  const before = await gateway.residentBytes();
  for (let round = 0; round < 90; round += 1) expect(await send()).toBe(200);
  expect((await gateway.residentBytes()) - before).toBeLessThan(100 * MIB);
  await assertRollupsMatchRows(database.pool);
});
