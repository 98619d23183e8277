import type { AnswerReaderOptions, BodyReader } from "./body-reader.ts";
import { eventStreamReader } from "./event-stream-reader.ts";
import { jsonReader } from "./json-reader.ts";
import { lineReader } from "./line-reader.ts";

/** The framing is what the content type says, whatever was asked for. */
export function answerReader(contentType: string, options: AnswerReaderOptions): BodyReader {
  if (contentType.includes("event-stream")) return lineReader("data:", options);
  if (contentType.includes("ndjson") || contentType.includes("jsonl")) return lineReader("", options);
  if (contentType.includes("vnd.amazon.eventstream")) return eventStreamReader(options);
  return jsonReader(options);
}
