import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 250;
const POLLS_MAX = 240;

/** What a helper process says first. */
export async function firstLine(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes("\n")) return text.trim();
  }
  throw new Error(`a helper process ended without a word: ${child.spawnargs.join(" ")}`);
}

/** An empty request is a valid one, for a gateway and for a Collector. */
export async function waitForGateway(port: number): Promise<void> {
  for (let attempt = 0; attempt < POLLS_MAX; attempt += 1) {
    const options = { method: "POST", headers: { "content-type": "application/x-protobuf" } };
    const answered = await fetch(`http://127.0.0.1:${port}/v1/traces`, options).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) return;
    await sleep(POLL_MS);
  }
  throw new Error(`nothing answers on port ${port}`);
}
