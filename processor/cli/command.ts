import type { Readable, Writable } from "node:stream";

/** What a command may touch of the process. Only cli.ts reads the process itself. */
export interface CommandIo {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted on SIGINT and SIGTERM: finish what was begun, then return. */
  readonly signal: AbortSignal;
}

/** Runs one subcommand and answers its exit code: 0 done, 1 bad input or failure, 2 wrong usage. */
export type Command = (args: readonly string[], io: CommandIo) => Promise<number>;
