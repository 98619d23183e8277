import { asObject } from "./answer.ts";
import type { Answer } from "./answer.ts";
import type { WireDialect } from "./wire-dialect.ts";

/** Reads the bytes of an answer as they come. Neither method throws; bytes are not kept by reference. */
export interface BodyReader {
  push(chunk: Uint8Array): void;
  end(): void;
}

export interface AnswerReaderOptions {
  readonly wire: WireDialect;
  readonly answer: Answer;
  /** Gets the text of the answer piece by piece; absent unless content capture is on. */
  readonly onText?: ((text: string) => void) | undefined;
}

/** One event as JSON text, from any framing. What is no JSON object is left alone. */
export function readEventText(text: string, { wire, answer, onText }: AnswerReaderOptions): void {
  if (text === "[DONE]") {
    answer.done = true;
    return;
  }
  try {
    const event = asObject(JSON.parse(text));
    if (event === undefined) return;
    wire.readEvent(event, answer);
    onText?.(wire.textOf(event));
  } catch {
    // Garbage tells nothing of the call.
  }
}
