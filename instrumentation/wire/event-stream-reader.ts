import { asObject, asText } from "./answer.ts";
import type { AnswerReaderOptions, BodyReader } from "./body-reader.ts";
import { readEventText } from "./body-reader.ts";

const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
const HEADER_TYPE_STRING = 7;
/** AWS limits a message to 16 MiB (Amazon Event Stream Specification); what claims more is no event stream. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

/** AWS' binary event stream: Converse's events as JSON, InvokeModel's wrapped once more as base64 in `bytes`. */
export function eventStreamReader(options: AnswerReaderOptions): BodyReader {
  let rest: Buffer = Buffer.alloc(0);
  let broken = false;
  return {
    push(chunk) {
      if (broken) return;
      rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
      while (rest.length >= PRELUDE_BYTES) {
        const length = rest.readUInt32BE(0);
        if (length < PRELUDE_BYTES + CHECKSUM_BYTES || length > MESSAGE_BYTES_MAX) {
          broken = true;
          rest = Buffer.alloc(0);
          return;
        }
        if (rest.length < length) return;
        readMessage(rest.subarray(0, length), options);
        rest = rest.subarray(length);
      }
    },
    end() {
      rest = Buffer.alloc(0);
    },
  };
}

function readMessage(message: Buffer, options: AnswerReaderOptions): void {
  const headersEnd = PRELUDE_BYTES + message.readUInt32BE(4);
  if (headersEnd > message.length - CHECKSUM_BYTES) return;
  const headers = readHeaders(message.subarray(PRELUDE_BYTES, headersEnd));
  const payload = message.toString("utf8", headersEnd, message.length - CHECKSUM_BYTES);
  const exception = headers.get(":exception-type") ?? headers.get(":error-code");
  if (exception !== undefined) return readException(exception, payload, options);
  if (!payload.startsWith('{"bytes"')) return readEventText(payload, options);
  const inner = innerText(payload);
  if (inner !== undefined) readEventText(inner, options);
}

function readException(type: string, payload: string, { answer }: AnswerReaderOptions): void {
  let message: string | undefined;
  try {
    message = asText(asObject(JSON.parse(payload))?.["message"]);
  } catch {
    // The type says enough.
  }
  answer.error = { code: type, ...(message === undefined ? {} : { message }) };
}

function innerText(payload: string): string | undefined {
  try {
    const bytes = asText(asObject(JSON.parse(payload))?.["bytes"]);
    return bytes === undefined ? undefined : Buffer.from(bytes, "base64").toString("utf8");
  } catch {
    return undefined;
  }
}

/** Name length, name, type, value; only texts are used in the streams that we read. */
function readHeaders(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  while (at + 1 < bytes.length) {
    const nameEnd = at + 1 + bytes.readUInt8(at);
    if (nameEnd + 3 > bytes.length || bytes.readUInt8(nameEnd) !== HEADER_TYPE_STRING) break;
    const valueStart = nameEnd + 3;
    const valueEnd = valueStart + bytes.readUInt16BE(nameEnd + 1);
    headers.set(bytes.toString("utf8", at + 1, nameEnd), bytes.toString("utf8", valueStart, valueEnd));
    at = valueEnd;
  }
  return headers;
}
