import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const ROOT = resolve(import.meta.dirname, "../..");
const START_MS_MAX = 30_000;

/** `genai-otel serve` as a process of its own, on ports that survive its restarts. */
export interface GatewayProcess {
  readonly url: string;
  readonly grpcPort: number;
  /** What it said on stdout and stderr since its last start. */
  output(): string;
  start(): Promise<void>;
  /** SIGKILL, workers included; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | null>;
  /** Process ids of its workers. */
  workers(): Promise<number[]>;
  /** Resident memory of the largest of its processes. */
  residentBytes(): Promise<number>;
}

export interface GatewayProcessOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Runs in a shell before the gateway takes its place, such as a ulimit. */
  readonly prelude?: string;
  /** What starts that shell, such as unshare. */
  readonly launcher?: readonly string[];
}

export async function createGatewayProcess({ env, prelude = "", launcher = [] }: GatewayProcessOptions): Promise<GatewayProcess> {
  const [httpPort, grpcPort] = [await freePort(), await freePort()];
  let child: ChildProcess | null = null;
  let output = "";
  const url = `http://127.0.0.1:${httpPort}`;
  const [program, ...programArgs] = [...launcher, "/bin/sh"];
  const command = `${prelude}${prelude === "" ? "" : "; "}exec "$0" --import tsx processor/cli.ts serve`;
  return {
    url,
    grpcPort,
    output: () => output,
    async start() {
      output = "";
      // A group of its own, so that a kill reaches the workers too and nothing else.
      child = spawn(program ?? "/bin/sh", [...programArgs, "-c", command, process.execPath], {
        cwd: ROOT,
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          PATH: process.env["PATH"],
          HTTP_PORT: String(httpPort),
          GRPC_PORT: String(grpcPort),
          LOG_LEVEL: "info",
          WORKERS: "1",
          ...env,
        },
      });
      for (const stream of [child.stdout, child.stderr])
        stream?.on("data", (chunk: Buffer) => (output = `${output}${chunk.toString()}`.slice(-100_000)));
      await waitUntilReady(url, child, () => output);
    },
    async kill() {
      await end(child, "SIGKILL");
    },
    stop: () => end(child, "SIGTERM"),
    workers: () => childrenOf(child?.pid ?? 0),
    residentBytes: () => residentBytesOf(child?.pid ?? 0),
  };
}

async function waitUntilReady(url: string, child: ChildProcess, output: () => string): Promise<void> {
  for (const until = Date.now() + START_MS_MAX; Date.now() < until; await sleep(50)) {
    if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}:\n${output()}`);
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(1000) }).catch(() => null);
    if (response?.ok === true) return;
  }
  throw new Error(`the gateway did not become ready:\n${output()}`);
}

async function end(child: ChildProcess | null, signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
  if (child === null || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
  const exited = once(child, "exit");
  process.kill(signal === "SIGKILL" ? -child.pid : child.pid, signal);
  await exited;
  return child.exitCode;
}

async function residentBytesOf(pid: number): Promise<number> {
  const pids = [pid, ...(await childrenOf(pid))];
  const sizes = await Promise.all(pids.map((one) => readFile(join("/proc", String(one), "status"), "utf8").catch(() => "")));
  return Math.max(...sizes.map((status) => Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024));
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return text.split(" ").filter(Boolean).map(Number);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address !== null ? address.port : 0;
}
