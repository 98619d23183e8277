import { asObjects } from "./answer.ts";
import type { AnswerReaderOptions, BodyReader } from "./body-reader.ts";
import { readJsonFields } from "./json-fields.ts";

/** What is kept of a JSON answer. Beyond it only the end is kept, where most APIs put the usage. */
const BODY_BYTES_MAX = 8 * 1024 * 1024;

/** Collects a JSON answer and reads the wanted fields at its end. */
export function jsonReader(options: AnswerReaderOptions): BodyReader {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    push(chunk) {
      bytes += chunk.byteLength;
      // A copy, because the application may write into its bytes.
      if (bytes <= BODY_BYTES_MAX) chunks.push(Buffer.from(chunk));
    },
    end() {
      if (bytes > 0 && bytes <= BODY_BYTES_MAX) readBody(Buffer.concat(chunks).toString("utf8"), options);
      chunks.length = 0;
    },
  };
}

function readBody(text: string, { wire, answer, onText }: AnswerReaderOptions): void {
  // Gemini without alt=sse streams one JSON array of chunks, and wraps failures of streams in one.
  if (text.trimStart().startsWith("[")) {
    for (const item of parsedArray(text)) wire.readEvent(item, answer);
    return;
  }
  const fields = readJsonFields(text, new Set(wire.answerFields));
  wire.readAnswer(fields, answer);
  onText?.(wire.textOf(fields));
}

function parsedArray(text: string): ReturnType<typeof asObjects> {
  try {
    return asObjects(JSON.parse(text));
  } catch {
    return [];
  }
}
