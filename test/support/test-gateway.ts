import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../processor/config.ts";
import { startGateway } from "../../processor/serve.ts";

export interface TestGateway {
  /** http://127.0.0.1:port, or https. */
  readonly url: string;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly dataDir: string;
  close(options?: { readonly keepData?: boolean }): Promise<void>;
}

/** A gateway in this process, on free ports and with a spool of its own, configured as a user does: by environment variables. */
export async function startTestGateway(env: Readonly<Record<string, string>>): Promise<TestGateway> {
  const dataDir = await mkdtemp(join(tmpdir(), "genai-otel-gateway-"));
  const gateway = await startGateway(
    readConfig({ HTTP_PORT: "0", GRPC_PORT: "0", WORKERS: "1", LOG_LEVEL: "silent", SHUTDOWN_TIMEOUT: "5s", DATA_DIR: dataDir, ...env }),
  );
  return {
    url: `${env["TLS_CERT"] === undefined ? "http" : "https"}://127.0.0.1:${gateway.httpPort}`,
    httpPort: gateway.httpPort,
    grpcPort: gateway.grpcPort ?? 0,
    dataDir,
    async close({ keepData = false } = {}) {
      await gateway.close();
      if (!keepData) await rm(dataDir, { recursive: true, force: true });
    },
  };
}
