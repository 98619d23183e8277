import { STATUS_CODES } from "node:http";
import { CONTENT_TYPES } from "./body-encoding.ts";
import { KEEP_ALIVE_TIMEOUT_MS } from "./http.ts";

export interface AnswerParts {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Uint8Array;
}

const KEEP_ALIVE = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_TIMEOUT_MS / 1000}\r\n`;
const CLOSE = "Connection: close\r\n";
const NO_BODY = new Uint8Array(0);

interface Second {
  readonly second: number;
  readonly date: string;
  readonly taken: Buffer;
}

let now: Second = { second: 0, date: "", taken: Buffer.alloc(0) };

/** What nearly every request is answered with: all is taken, and the connection stays. Made once a second, for its date. */
export function takenAnswer(): Buffer {
  return thisSecond().taken;
}

/** A whole answer on its way: head and body in one piece. */
export function answerBytes({ status, headers, body }: AnswerParts, isLast: boolean): Buffer {
  return bytesOf({ status, headers, body }, isLast ? CLOSE : KEEP_ALIVE, thisSecond().date);
}

function thisSecond(): Second {
  const nowMs = Date.now();
  const second = Math.floor(nowMs / 1000);
  if (second === now.second) return now;
  // RFC 9110 section 6.6.1.
  const date = new Date(nowMs).toUTCString();
  const taken = bytesOf({ status: 200, headers: { "Content-Type": CONTENT_TYPES.protobuf }, body: NO_BODY }, KEEP_ALIVE, date);
  now = { second, date, taken };
  return now;
}

function bytesOf({ status, headers, body }: AnswerParts, connection: string, date: string): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}Content-Length: ${body.length}\r\nDate: ${date}\r\n${connection}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}
