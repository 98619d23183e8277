import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerAccount } from "./embedded-binaries.ts";
import type { Cluster } from "./embedded-cluster.ts";

/** A running server: ours, or one that a killed owner left behind. */
export interface Postmaster {
  readonly port: number;
  isAlive(): boolean;
  /** Resolves once nothing of it is left. */
  stop(): Promise<void>;
}

interface PostmasterOptions {
  readonly cluster: Cluster;
  readonly postgres: string;
  readonly account: ServerAccount;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * Runs the server, and beside it `cat` on a pipe that only this process holds: when this process ends, by SIGKILL too, the
 * pipe closes and the server is told to stop. The pipe is fd 3, because a shell gives background commands no stdin.
 */
const GUARDED = `exec 3<&0; "$@" 3<&- </dev/null & server=$!
{ cat <&3 >/dev/null; kill -INT $server 2>/dev/null; } & guard=$!
exec 3<&-; trap '' INT TERM; code=1
while kill -0 $server 2>/dev/null; do wait $server; code=$?; done
kill $guard 2>/dev/null; exit $code`;

/** Starts the server without waiting for it to take connections. */
export async function spawnPostmaster({ cluster, postgres, account, port, settings }: PostmasterOptions): Promise<Postmaster> {
  const all = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    log_timezone: "UTC",
    timezone: "UTC",
    ...settings,
  };
  const args = ["-D", cluster.directory, ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  await disownPidFile(cluster);
  const log = openSync(logPath(cluster), "a", 0o600);
  // Detached: Ctrl-C in the terminal is for this process; the server stops when this process is done with it.
  const options = { ...account, cwd: "/", detached: true, env: { ...process.env, LC_ALL: "C" } };
  const child =
    process.platform === "win32"
      ? spawn(postgres, args, { ...options, stdio: ["ignore", log, log] })
      : spawn("/bin/sh", ["-c", GUARDED, "genai-otel-postgres", postgres, ...args], { ...options, stdio: ["pipe", log, log] });
  closeSync(log);
  child.stdin?.on("error", () => undefined);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void exited.then(() => child.stdin?.destroy());
  await once(child, "spawn");
  // The server must not keep this process alive when nothing else does: the guard stops it then.
  child.unref();
  (child.stdin as { unref?: () => void } | null)?.unref?.();
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  return { port, isAlive, stop: () => stop(cluster, () => requestStop(child), isAlive) };
}

/** The server that postmaster.pid tells of, if its process lives; a stale file of a killed server is PostgreSQL's to remove. */
export async function findPostmaster(cluster: Cluster): Promise<Postmaster | null> {
  const recorded = await readPidFile(cluster);
  if (recorded === null || !(await isPostgres(recorded.pid))) return null;
  const { pid, port } = recorded;
  const isAlive = (): boolean => sendSignal(pid, 0);
  return { port, isAlive, stop: () => stop(cluster, () => sendSignal(pid, "SIGINT"), isAlive) };
}

const LOG_TAIL_LINES = 15;

export async function readLogTail(cluster: Cluster): Promise<string> {
  const text = await readFile(logPath(cluster), "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-LOG_TAIL_LINES).join("\n");
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

const FAST_STOP_MS_MAX = 15_000;
const POLL_MS = 20;

/** Fast shutdown (sessions ended, data made safe), then SIGQUIT where that takes too long. */
async function stop(cluster: Cluster, request: () => void, isAlive: () => boolean): Promise<void> {
  const recorded = await readPidFile(cluster);
  request();
  for (let waitedMs = 0; isAlive(); waitedMs += POLL_MS) {
    if (waitedMs === FAST_STOP_MS_MAX && recorded !== null) sendSignal(recorded.pid, "SIGQUIT");
    await sleep(POLL_MS);
  }
}

function requestStop(child: ChildProcess): void {
  if (child.stdin === null) child.kill("SIGINT");
  else child.stdin.destroy();
}

const logPath = (cluster: Cluster): string => join(dirname(cluster.directory), "postgres.log");

/** Lines of postmaster.pid: process id, data directory, start time, port, ... (PostgreSQL, src/include/utils/pidfile.h). */
async function readPidFile(cluster: Cluster): Promise<{ pid: number; port: number } | null> {
  const text = await readFile(join(cluster.directory, "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  return pid > 0 && port > 0 ? { pid, port } : null;
}

/** Larger than any process id, so that no process has it. */
const NOBODY = 2 ** 31 - 2;

/**
 * PostgreSQL refuses to start while the process id in its pid file is somebody's: one that was given to another process
 * since, or a killed server's that nobody has waited for yet. The rest of the file stays: PostgreSQL still looks whether
 * the old server's shared memory is in use.
 */
async function disownPidFile(cluster: Cluster): Promise<void> {
  const recorded = await readPidFile(cluster);
  if (recorded === null || !sendSignal(recorded.pid, 0) || (await isPostgres(recorded.pid))) return;
  const path = join(cluster.directory, "postmaster.pid");
  await writeFile(path, (await readFile(path, "utf8")).replace(/^\d+/, String(NOBODY)));
}

/** A stale file may name a process id that somebody else has now. A process that ended has no command line any more. */
async function isPostgres(pid: number): Promise<boolean> {
  if (!sendSignal(pid, 0)) return false;
  if (process.platform !== "linux") return true;
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return command.includes("postgres");
}

function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
