import { once } from "node:events";
import { createInterface } from "node:readline";
import type { CommandIo } from "./command.ts";

/** Input that the user can mend; its message names the field and says what was expected. */
export class InputError extends Error {}

/**
 * Answers every line of stdin with one line of JSON on stdout. A line that cannot be answered gets `{"error": "..."}` in
 * its place and the rest goes on; the exit code then is 1. Empty lines are passed over.
 */
export async function answerJsonLines(io: CommandIo, answer: (value: unknown) => unknown): Promise<number> {
  let exitCode = 0;
  for await (const line of createInterface({ input: io.stdin, crlfDelay: Infinity })) {
    if (io.signal.aborted) break;
    if (line.trim() === "") continue;
    const result = answerLine(line, answer);
    if (result.failed) exitCode = 1;
    if (!io.stdout.write(`${result.text}\n`)) await once(io.stdout, "drain");
  }
  return exitCode;
}

function answerLine(line: string, answer: (value: unknown) => unknown): { text: string; failed: boolean } {
  try {
    return { text: JSON.stringify(answer(parseJson(line))), failed: false };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { text: JSON.stringify({ error: error.message }), failed: true };
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new InputError(`expected one JSON document on this line: ${error instanceof Error ? error.message : String(error)}`);
  }
}
