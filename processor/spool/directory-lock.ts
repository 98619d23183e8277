import { createHash } from "node:crypto";
import { mkdir, realpath, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The directory belongs to a process that is alive. */
export class DirectoryInUseError extends Error {}

/** A socket's path has 108 bytes on Linux and 104 on macOS (sockaddr_un). */
const SOCKET_PATH_BYTES_MAX = 100;

/**
 * Takes a directory for this process alone and answers how to give it back. The lock is a listening Unix socket: it ends
 * with its process however that ends, so a lock left behind is told from a live one by knocking. (It does not reach across
 * machines that share a disk: give each gateway a spool of its own.)
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  await mkdir(directory, { recursive: true });
  const path = await socketPath(directory);
  if (await answers(path))
    throw new DirectoryInUseError(`SPOOL_DIR: ${directory} is in use by another genai-otel: stop that one, or choose another folder`);
  await rm(path, { force: true });
  const server = await listenAt(path);
  return () => new Promise((resolve) => server.close(() => resolve()));
}

async function socketPath(directory: string): Promise<string> {
  const real = await realpath(directory);
  const inside = join(real, "lock");
  if (process.platform !== "win32" && Buffer.byteLength(inside) <= SOCKET_PATH_BYTES_MAX) return inside;
  const name = `genai-otel-${createHash("sha256").update(real).digest("hex").slice(0, 16)}`;
  return process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.lock`);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function listenAt(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", reject);
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}
