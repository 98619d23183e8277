import { Agent, type IncomingMessage, request } from "node:http";
import { once } from "node:events";
import { corpusRequest } from "../otlp-corpus.ts";
import { SPAN_ID_BYTES, TRACE_ID_BYTES } from "../../processor/otlp/ids.ts";
import { tagOf, WIRE_TYPE, WireReader } from "../../processor/otlp/wire-reader.ts";

// Sends a number of requests over keep-alive connections, each as soon as the one before it is answered, and prints a line
// when all are. Arguments: URL, plain|content, requests, first serial number, and JSON with what shall be other than usual:
// connections, epochMs and spreadMs (when the traces are of), newTexts (no text of a failure comes twice; else they come
// again with each of the bodies).

const CONNECTIONS = 8;
const BODIES = 48;
const SPANS_PER_REQUEST = 100;
/** Before the digits in the text of a failure that differ from one account to the next. */
const ACCOUNT = "in organization org-";
const ACCOUNT_DIGITS = 8;
const RETRY_MS = 20;

const [url = "", corpus = "plain", countText = "0", firstText = "0", otherText = "{}"] = process.argv.slice(2);
interface Other {
  readonly connections?: number;
  readonly newTexts?: boolean;
  readonly epochMs?: number;
  readonly spreadMs?: number;
}
const { connections = CONNECTIONS, newTexts = false, ...times } = JSON.parse(otherText) as Other;
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const bodies = Array.from({ length: BODIES }, (_, seed) => {
  const { body, spans, genAiSpans } = corpusRequest({ spans: SPANS_PER_REQUEST, content: corpus === "content", seed: seed + 1, ...times });
  return { body: Buffer.from(body), ids: idPositions(body), texts: newTexts ? textPositions(body) : [], spans, genAiSpans };
});

let next = Number(firstText);
const end = next + Number(countText);
const sent = { spans: 0, genAiSpans: 0, bytes: 0, retries: 0 };

await Promise.all(Array.from({ length: connections }, sendUntilEnd));
agent.destroy();
process.stdout.write(`${JSON.stringify(sent)}\n`);

async function sendUntilEnd(): Promise<void> {
  while (next < end) {
    const serial = next++;
    const { body, ids, texts, spans, genAiSpans } = bodies[serial % BODIES]!;
    // No trace comes twice, as in life: the same ids again would be a resent batch to whoever remembers traces.
    const fresh = Buffer.from(body);
    for (const position of ids) fresh.writeUInt32LE((body.readUInt32LE(position) ^ serial) >>> 0, position);
    for (const position of texts) fresh.write(otherDigits(body, position, serial), position, "latin1");
    while (!(await post(fresh))) {
      sent.retries++;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    sent.spans += spans;
    sent.genAiSpans += genAiSpans;
    sent.bytes += body.length;
  }
}

/** False when the receiver wants it again. */
async function post(body: Buffer): Promise<boolean> {
  const sending = request(url, {
    method: "POST",
    agent,
    headers: { "content-type": "application/x-protobuf", "content-length": body.length },
  });
  sending.end(body);
  const [response] = (await once(sending, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  const status = response.statusCode ?? 0;
  if (status === 200) return true;
  if (status === 429 || status === 503) return false;
  throw new Error(`the receiver answered ${status}`);
}

/** Where the ids of spans and of their traces and parents stand. */
function idPositions(body: Uint8Array): number[] {
  const reader = new WireReader(body);
  const found: number[] = [];
  const nested = [tagOf(1, WIRE_TYPE.length), tagOf(2, WIRE_TYPE.length), tagOf(2, WIRE_TYPE.length)];
  const ids = new Map([
    [tagOf(1, WIRE_TYPE.length), TRACE_ID_BYTES],
    [tagOf(2, WIRE_TYPE.length), SPAN_ID_BYTES],
    [tagOf(4, WIRE_TYPE.length), SPAN_ID_BYTES],
  ]);
  const walk = (end_: number, depth: number): void => {
    while (reader.position < end_) {
      const tag = reader.tag(end_);
      if (depth < nested.length && tag === nested[depth]) walk(reader.lengthEnd(end_, "message"), depth + 1);
      else if (depth === nested.length && ids.has(tag)) {
        const valueEnd = reader.lengthEnd(end_, "id");
        found.push(reader.position);
        reader.position = valueEnd;
      } else reader.skip(tag, end_);
    }
  };
  walk(body.length, 0);
  return found;
}

/** Where the digits of accounts stand. */
function textPositions(body: Uint8Array): number[] {
  const bytes = Buffer.from(body);
  const found: number[] = [];
  for (let at = bytes.indexOf(ACCOUNT); at >= 0; at = bytes.indexOf(ACCOUNT, at + 1)) found.push(at + ACCOUNT.length);
  return found;
}

/** The same in all places where the same stood. */
function otherDigits(body: Buffer, position: number, serial: number): string {
  const digits = Number.parseInt(body.toString("latin1", position, position + ACCOUNT_DIGITS), 16);
  return ((digits ^ serial) >>> 0).toString(16).padStart(ACCOUNT_DIGITS, "0");
}
