import { asObjects } from "./answer.ts";
import type { AnswerReaderOptions, BodyReader } from "./body-reader.ts";
import { readJsonFields, wantedFields } from "./json-fields.ts";
import { perWire } from "./wire-dialect.ts";

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
      const [only] = chunks;
      if (only !== undefined && bytes <= BODY_BYTES_MAX) readBody((chunks.length === 1 ? only : Buffer.concat(chunks)).toString(), options);
      chunks.length = 0;
    },
  };
}

function readBody(text: string, { wire, answer, onText }: AnswerReaderOptions): void {
  // Gemini without alt=sse streams one JSON array of chunks, and wraps failures of streams in one.
  if (ARRAY.test(text)) {
    for (const item of parsedArray(text)) wire.readEvent(item, answer);
    return;
  }
  const fields = readJsonFields(text, onText === undefined ? FACTS(wire) : FACTS_AND_TEXT(wire));
  wire.readAnswer(fields, answer);
  onText?.(wire.textOf(fields));
}

const ARRAY = /^\s*\[/;
const FACTS = perWire(({ answerFields }) => wantedFields(answerFields));
/** The later entry of a name wins: the whole field. */
const FACTS_AND_TEXT = perWire(({ answerFields, textFields }) => wantedFields([...answerFields, ...textFields]));

function parsedArray(text: string): ReturnType<typeof asObjects> {
  try {
    return asObjects(JSON.parse(text));
  } catch {
    return [];
  }
}
