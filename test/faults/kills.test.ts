import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { expectStoredExactly } from "../support/expect-stored.ts";
import { type GatewayWithDatabase, startGatewayWithDatabase } from "../support/gateway-with-database.ts";
import { startLoad } from "../support/load.ts";

const MIB = 1024 * 1024;

let own: GatewayWithDatabase;

afterEach(() => own.close());

test.each(["1", "2"])("SIGKILL twenty times under load, %s worker(s)", async (workers) => {
  own = await startGatewayWithDatabase({ WORKERS: workers });
  const { gateway, database } = own;
  const load = startLoad({ url: gateway.url, connections: 12, spans: 60, plainEvery: 4 });
  for (let round = 0; round < 20; round += 1) {
    await sleep(300 + Math.random() * 900);
    await gateway.kill();
    await gateway.start();
  }
  await sleep(1000);
  await load.finish();
  expect(load.answers.get("failed")).toBeGreaterThanOrEqual(20);
  await expectStoredExactly(database.pool, load.acknowledged);
  expect(await gateway.residentBytes()).toBeLessThan(350 * MIB);
});

test("a worker is killed and replaced while the others go on", async () => {
  own = await startGatewayWithDatabase({ WORKERS: "2" });
  const { gateway, database } = own;
  const load = startLoad({ url: gateway.url, connections: 12, spans: 60 });
  for (let round = 0; round < 3; round += 1) {
    await sleep(1500);
    const [worker = 0] = await gateway.workers();
    process.kill(worker, "SIGKILL");
  }
  await sleep(3000);
  await load.finish();
  expect(gateway.output().match(/a worker ended unexpectedly/g)).toHaveLength(3);
  expect(await (await fetch(`${gateway.url}/readyz`)).json()).toMatchObject({ workers: 2 });
  await expectStoredExactly(database.pool, load.acknowledged);
});
