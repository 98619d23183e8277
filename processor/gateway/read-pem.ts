import { readFile } from "node:fs/promises";
import { ConfigError } from "../config.ts";

/** The content of a file that a variable names; ConfigError where there is none. */
export async function readPem(variable: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ConfigError(`${variable}: cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
