import { copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSpool } from "../processor/spool/spool.ts";
import { assertRollupsMatchRows } from "./support/assert-rollups.ts";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { startTestGateway } from "./support/test-gateway.ts";

// Segments that gateways of each format left behind when they were killed while PostgreSQL was away, and the rows that the same
// gateways made of them once it was there.
const FIXTURES = join(import.meta.dirname, "fixtures/spool");

type Row = Readonly<Record<string, unknown>>;
interface Rows {
  readonly calls: readonly Row[];
  readonly spans: readonly Row[];
  readonly held: readonly string[];
}

let database: TestDatabase;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let spool: string;

beforeEach(async () => {
  database = await createDatabase();
  directory = await temporaryDirectory();
  spool = join(directory.path, "spool/postgres/worker-0");
  await mkdir(spool, { recursive: true });
});
afterEach(async () => {
  await database.drop();
  await directory.remove();
});

/** Starts a gateway over this spool, and ends it when the spool is empty. */
async function drain(): Promise<void> {
  const gateway = await startTestGateway({ DATABASE_URL: database.url, DATA_DIR: directory.path, RETENTION_DAYS: "3650" });
  const spoolBytes = async (): Promise<unknown> => (await fetch(`${gateway.url}/readyz`)).json();
  await expect.poll(spoolBytes, { timeout: 20_000 }).toMatchObject({ sinks: [{ name: "postgres", up: true, spoolBytes: 0 }] });
  await gateway.close({ keepData: true });
}

async function stored(): Promise<Rows> {
  const { pool } = database;
  const [calls, spans, held] = await Promise.all([
    pool.query<Row>("select * from genai.llm_traces order by span_id"),
    pool.query<Row>("select * from genai.spans order by span_id"),
    pool.query<{ span_id: string }>("select span_id from genai.held_requests"),
  ]);
  return JSON.parse(JSON.stringify({ calls: calls.rows, spans: spans.rows, held: held.rows.map(({ span_id: id }) => id) })) as Rows;
}

const rowsOf = async (format: string): Promise<Rows> => JSON.parse(await readFile(join(FIXTURES, `${format}.rows.json`), "utf8")) as Rows;

test.each(["enriched-request", "findings", "marked-findings"])(
  "what a gateway acknowledged into a spool of the format %s is stored by this one as that one would have",
  async (format) => {
    await copyFile(join(FIXTURES, `${format}.segment`), join(spool, "000000000001.segment"));
    await drain();
    expect(await stored()).toMatchObject(await rowsOf(format));
    await assertRollupsMatchRows(database.pool);
  },
);

test("segments of all formats, one after the other", async () => {
  const formats = ["enriched-request", "findings", "marked-findings"];
  await Promise.all(
    formats.map((format, index) => copyFile(join(FIXTURES, `${format}.segment`), join(spool, `00000000000${index + 1}.segment`))),
  );
  await drain();
  const rows = await Promise.all(formats.map(rowsOf));
  expect((await stored()).calls).toHaveLength(rows.reduce((sum, { calls }) => sum + calls.length, 0));
  await assertRollupsMatchRows(database.pool);
});

test("a record of a format that is yet to come costs the others nothing, and its bytes are kept", async () => {
  await copyFile(join(FIXTURES, "findings.segment"), join(spool, "000000000001.segment"));
  const later = await openSpool({ directory: spool, bytesMax: 1_000_000, log: pino({ level: "silent" }) });
  await later.append(Buffer.from([0xf7, 200, 1, 2, 3]));
  await later.close();
  await drain();
  expect(await stored()).toMatchObject(await rowsOf("findings"));
  const [aside = ""] = (await readdir(spool)).filter((name) => name.endsWith(".corrupt"));
  expect((await readFile(join(spool, aside))).includes(Buffer.from([0xf7, 200, 1, 2, 3]))).toBe(true);
});
