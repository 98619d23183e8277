import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmod, chown, mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mayEnter, type ServerAccount } from "./embedded-binaries.ts";

/** PostgreSQL's data directory with the password that belongs to it. */
export interface Cluster {
  readonly directory: string;
  readonly password: string;
}

interface ClusterOptions {
  readonly initdb: string;
  readonly account: ServerAccount;
  /** false: not flushed to disk. */
  readonly durable: boolean;
}

const PASSWORD_FILE = "genai-otel-password";

/**
 * The cluster of a data folder, made on first use. It is prepared aside and renamed into place, so that neither a kill
 * half-way nor two starts at once leave half a cluster behind.
 */
export async function openCluster(dataDir: string, options: ClusterOptions): Promise<Cluster> {
  const directory = join(await clusterHome(dataDir, options.account), "cluster");
  if (!(await isDirectory(directory))) await createCluster(directory, options);
  return { directory, password: (await readFile(join(directory, PASSWORD_FILE), "utf8")).trim() };
}

/** The cluster of a data folder, null where none was made yet. */
export async function readCluster(dataDir: string, account: ServerAccount): Promise<Cluster | null> {
  if (!(await isDirectory(dataDir))) return null;
  const directory = join(await clusterHome(dataDir, account), "cluster");
  if (!(await isDirectory(directory))) return null;
  return { directory, password: (await readFile(join(directory, PASSWORD_FILE), "utf8")).trim() };
}

/** Where clusters go whose data folder PostgreSQL's account may not enter: a clone under /root, a private temporary folder. */
const ELSEWHERE = "/var/tmp";
const HOME_PREFIX = "genai-otel-";
/** In such a home: the data folder that it belongs to. */
const BELONGS_TO = "data-folder";

/** The data folder itself, or a folder of its own elsewhere. */
async function clusterHome(dataDir: string, account: ServerAccount): Promise<string> {
  await mkdir(dataDir, { recursive: true });
  const real = await realpath(dataDir);
  if (await mayEnter(real, account)) return real;
  await removeAbandonedHomes();
  const home = join(ELSEWHERE, `${HOME_PREFIX}${createHash("sha256").update(real).digest("hex").slice(0, 16)}`);
  await mkdir(home, { recursive: true, mode: 0o755 });
  if ((await stat(home)).uid !== 0) throw new Error(`${home} belongs to somebody else: remove it, or choose another data folder`);
  await writeFile(join(home, BELONGS_TO), real);
  return home;
}

/** A home whose data folder was removed would stay for ever: nobody knows of it any more. */
async function removeAbandonedHomes(): Promise<void> {
  for (const name of await readdir(ELSEWHERE)) {
    const home = join(ELSEWHERE, name);
    if (!name.startsWith(HOME_PREFIX) || (await stat(home)).uid !== 0) continue;
    const dataDir = await readFile(join(home, BELONGS_TO), "utf8").catch(() => null);
    const isUsed = await isFile(join(home, "cluster", "postmaster.pid"));
    if (dataDir !== null && !isUsed && !(await isDirectory(dataDir))) await rm(home, { recursive: true, force: true });
  }
}

async function createCluster(directory: string, { initdb, account, durable }: ClusterOptions): Promise<void> {
  const password = randomBytes(24).toString("base64url");
  const half = `${directory}.${randomBytes(6).toString("hex")}`;
  const passwordFile = `${half}.password`;
  try {
    await mkdir(half, { mode: 0o700 });
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    await giveTo(account, half, passwordFile);
    await runInitdb(initdb, account, [
      `--pgdata=${half}`,
      `--pwfile=${passwordFile}`,
      "--username=postgres",
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      ...(durable ? [] : ["--no-sync"]),
    ]);
    await writeFile(join(half, PASSWORD_FILE), `${password}\n`, { mode: 0o600 });
    await chmod(join(half, PASSWORD_FILE), 0o600);
    await moveIntoPlace(half, directory);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(half, { recursive: true, force: true });
  }
}

/** Another start may have been faster: then its cluster is the one. */
async function moveIntoPlace(half: string, directory: string): Promise<void> {
  try {
    await rename(half, directory);
  } catch (error) {
    if (!(await isDirectory(directory))) throw error;
  }
}

async function giveTo({ uid, gid }: ServerAccount, ...paths: string[]): Promise<void> {
  if (uid === undefined || gid === undefined) return;
  for (const path of paths) await chown(path, uid, gid);
}

async function runInitdb(initdb: string, account: ServerAccount, args: readonly string[]): Promise<void> {
  const child = spawn(initdb, args, {
    ...account,
    cwd: "/",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`initdb could not make the database cluster (exit code ${code}):\n${output.trim()}`);
}

const isDirectory = async (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );

const isFile = async (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
