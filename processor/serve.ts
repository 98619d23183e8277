import type { Logger } from "pino";
import type { Config } from "./config.ts";
import { openCluster, type Backend } from "./gateway/cluster.ts";
import { listen, type Listener } from "./gateway/listener.ts";
import { prepareDatabase, type PreparedDatabase } from "./gateway/prepare-database.ts";
import { openSingleProcess } from "./gateway/single-process.ts";
import { createLog } from "./log.ts";
import { lockDirectory } from "./spool/directory-lock.ts";

export interface Gateway {
  readonly httpPort: number;
  /** null when that door is closed. */
  readonly grpcPort: number | null;
  /** Where rows go; null when they go nowhere. Holds a password. */
  readonly databaseUrl: string | null;
  /** What the user should know although the gateway runs, such as a database that cannot be reached. */
  readonly warnings: readonly string[];
  /** Finishes what was accepted, within the configured deadline. */
  close(): Promise<void>;
}

/**
 * The whole gateway. Ports are taken first, so that a second start fails before it touches anything; connections that come
 * before everything is ready wait. Throws ConfigError and errors whose message is for the user.
 */
export async function startGateway(config: Config, log: Logger = createLog(config.logLevel)): Promise<Gateway> {
  const undo: (() => Promise<void> | void)[] = [];
  const unwind = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const doors = await openDoors(config);
    undo.push(() => doors.close());
    if (config.spoolBytesMax > 0) undo.push(await lockDirectory(config.spoolDir));
    const database = await prepareDatabase(config, log);
    undo.push(() => database.close());
    const backend = await openBackend(config, database, log);
    undo.push(() => backend.close(config.shutdownMs));
    doors.open(backend);
    log.info({ httpPort: doors.httpPort, grpcPort: doors.grpcPort, workers: config.workers }, "the gateway is ready");
    return { httpPort: doors.httpPort, grpcPort: doors.grpcPort, databaseUrl: database.url, warnings: database.warnings, close: unwind };
  } catch (error) {
    await unwind();
    throw error;
  }
}

interface Doors {
  readonly httpPort: number;
  readonly grpcPort: number | null;
  open(backend: Backend): void;
  close(): void;
}

async function openDoors(config: Config): Promise<Doors> {
  const { host, connectionsMax, workers } = config;
  let openTo: (backend: Backend) => void = () => undefined;
  const backend = new Promise<Backend>((resolve) => {
    openTo = resolve;
  });
  const shared = { host, connectionsMax: connectionsMax * workers };
  const http = await listen({ ...shared, port: config.httpPort, variable: "HTTP_PORT" }, (socket) => {
    void backend.then((ready) => ready.accept("http", socket));
  });
  const grpc = await listenGrpc(config, shared, backend).catch((error: unknown) => {
    http.close();
    throw error;
  });
  return {
    httpPort: http.port,
    grpcPort: grpc?.port ?? null,
    open: openTo,
    close() {
      http.close();
      grpc?.close();
    },
  };
}

async function listenGrpc(
  { grpcPort }: Config,
  shared: { readonly host: string; readonly connectionsMax: number },
  backend: Promise<Backend>,
): Promise<Listener | null> {
  if (grpcPort === null) return null;
  return listen({ ...shared, port: grpcPort, variable: "GRPC_PORT" }, (socket) => {
    void backend.then((ready) => ready.accept("grpc", socket));
  });
}

function openBackend(config: Config, { url }: PreparedDatabase, log: Logger): Promise<Backend> {
  const options = { config, databaseUrl: url, log };
  return config.workers === 1 ? openSingleProcess(options) : openCluster(options);
}
