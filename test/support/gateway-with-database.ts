import { createDatabase, type TestDatabase } from "./database.ts";
import { createGatewayProcess, type GatewayProcess } from "./gateway-process.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface GatewayWithDatabase {
  readonly gateway: GatewayProcess;
  readonly database: TestDatabase;
  /** HTTP's status for a request in protobuf, or of another type. */
  readonly post: (body: Uint8Array, contentType?: string) => Promise<number>;
  close(): Promise<void>;
}

/** A gateway process that has started, with a database and a folder of its own, all of which go with `close`. */
export async function startGatewayWithDatabase(env: Readonly<Record<string, string>> = {}): Promise<GatewayWithDatabase> {
  const directory = await temporaryDirectory();
  const database = await createDatabase();
  const gateway = await createGatewayProcess({ env: { DATABASE_URL: database.url, DATA_DIR: directory.path, ...env } });
  await gateway.start();
  return {
    gateway,
    database,
    async post(body, contentType = "application/x-protobuf") {
      const response = await fetch(`${gateway.url}/v1/traces`, { method: "POST", headers: { "content-type": contentType }, body });
      await response.arrayBuffer();
      return response.status;
    },
    async close() {
      await gateway.kill();
      await database.drop();
      await directory.remove();
    },
  };
}
