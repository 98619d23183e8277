import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Logger } from "pino";
import type { BufferPool } from "../buffer-pool.ts";
import type { Metrics } from "../metrics.ts";
import type { TokenGate } from "./bearer-tokens.ts";
import { CONTENT_TYPES, PARSED_WEIGHT } from "./body-encoding.ts";
import type { ByteBudget, Lease } from "./byte-budget.ts";
import { discardBuffer } from "./discard-buffer.ts";
import { KEEP_ALIVE_TIMEOUT_MS } from "./http.ts";
import { inflateBody } from "./inflate-body.ts";
import type { Receiver } from "./receiver.ts";
import { asRefusal, refusalAnswer } from "./send-refusal.ts";
import { HEAD_BYTES_MAX, parseTraceHead, type TraceHead } from "./trace-head.ts";

export interface TraceConnectionOptions {
  readonly receiver: Receiver;
  readonly budget: ByteBudget;
  readonly pool: BufferPool;
  readonly gate: TokenGate;
  readonly bodyBytesMax: number;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Takes the connection over, and everything that was read of it and not yet answered. */
  readonly fallback: (socket: Socket) => void;
  readonly onClose: (connection: TraceConnection) => void;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const PATH = "/v1/traces";
const KEEP_ALIVE = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_TIMEOUT_MS / 1000}\r\n`;
const TRANSPORTS = { protobuf: "http/protobuf", json: "http/json" } as const;
const ignore = (): void => undefined;

/** RFC 9110 section 6.6.1; made once a second. */
let date = { second: 0, text: "" };

function httpDate(): string {
  const nowMs = Date.now();
  const second = Math.floor(nowMs / 1000);
  if (second !== date.second) date = { second, text: new Date(nowMs).toUTCString() };
  return date.text;
}

/** A request from its head to its answer. */
interface Exchange {
  readonly head: TraceHead;
  readonly startMs: number;
  readonly lease: Lease;
  readonly body: Buffer;
  filledBytes: number;
  /** The rest of its body is read and dropped: it was refused before it was whole. */
  refused: boolean;
}

/**
 * One connection of an exporter, read straight from the socket: for requests of the form that exporters send this costs a
 * third of what a stream of its own for every body does. What has another form goes to Node's HTTP server, before anything
 * of it was answered, and with it the rest of the connection.
 */
export class TraceConnection {
  /** When the request under way began, or the last one ended. */
  sinceMs = performance.now();
  /** Nothing has come yet. */
  isNew = true;
  readonly #socket: Socket;
  readonly #options: TraceConnectionOptions;
  #exchange: Exchange | null = null;
  #answering = false;
  #closing = false;
  /** What came while a request was being answered. */
  #early: Buffer | null = null;

  constructor(socket: Socket, options: TraceConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on("data", this.#onData);
    socket.on("error", ignore);
    socket.on("close", this.#onClose);
  }

  /** Whether a request has begun and its body is not whole yet. */
  get isReading(): boolean {
    return this.#exchange !== null && !this.#answering;
  }

  get isBusy(): boolean {
    return this.#exchange !== null;
  }

  /** Ends the connection now or after the answer that is under way. */
  finish(): void {
    this.#closing = true;
    if (!this.isBusy) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Nobody has used it for long; who does not read what was sent is cut off the next time. */
  expire(): void {
    if (this.#closing) this.destroy();
    else this.finish();
  }

  /** The sender took too long with its request, or never sent one. */
  timeOut(): void {
    if (this.#exchange?.refused === true) {
      this.#socket.destroy();
      return;
    }
    this.#options.metrics.refusedRequests.inc({ transport: "http", reason: "timeout" });
    this.#socket.end("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    this.#socket.destroySoon();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#answering) this.#keepEarly(chunk);
    else if (this.#exchange !== null) this.#readBody(this.#exchange, chunk, 0);
    else this.#begin(chunk);
  };

  readonly #onClose = (): void => {
    const exchange = this.#exchange;
    if (exchange !== null && !this.#answering && !exchange.refused) {
      this.#options.pool.give(exchange.body);
      this.#end(exchange, "aborted");
    }
    this.#options.onClose(this);
  };

  /** One who sends the next request before the answer has to wait. */
  #keepEarly(chunk: Buffer): void {
    this.#early = this.#early === null ? chunk : Buffer.concat([this.#early, chunk]);
    this.#socket.pause();
  }

  #begin(chunk: Buffer): void {
    const { budget, pool, gate, receiver, bodyBytesMax } = this.#options;
    const headBytes = chunk.indexOf(HEAD_END);
    const head = headBytes < 0 || headBytes > HEAD_BYTES_MAX ? null : parseTraceHead(chunk.toString("latin1", 0, headBytes));
    if (head === null || head.bodyBytes > bodyBytesMax || !gate.admits(head.authorization) || !receiver.isReady()) {
      this.#handOver(chunk);
      return;
    }
    const exchange: Exchange = {
      head,
      startMs: performance.now(),
      lease: budget.lease(),
      body: pool.take(head.bodyBytes),
      filledBytes: 0,
      refused: false,
    };
    this.#exchange = exchange;
    this.isNew = false;
    this.sinceMs = exchange.startMs;
    this.#readBody(exchange, chunk, headBytes + HEAD_END.length);
  }

  /** Node's server finds everything unread from this request on. */
  #handOver(chunk: Buffer): void {
    const socket = this.#socket;
    socket.off("data", this.#onData).off("error", ignore).off("close", this.#onClose);
    this.#options.onClose(this);
    socket.pause();
    socket.unshift(chunk);
    this.#options.fallback(socket);
    socket.resume();
  }

  #readBody(exchange: Exchange, chunk: Buffer, start: number): void {
    const end = Math.min(chunk.length, start + exchange.head.bodyBytes - exchange.filledBytes);
    if (!exchange.refused) this.#fill(exchange, chunk, start, end);
    exchange.filledBytes += end - start;
    const isWhole = exchange.filledBytes === exchange.head.bodyBytes;
    if (isWhole && exchange.refused) this.#exchange = null;
    else if (isWhole) void this.#answer(exchange);
    if (end === chunk.length) discardBuffer(chunk);
    else if (this.#answering) this.#keepEarly(chunk.subarray(end));
    else this.#begin(chunk.subarray(end));
  }

  #fill(exchange: Exchange, chunk: Buffer, start: number, end: number): void {
    try {
      exchange.lease.take(end - start);
      chunk.copy(exchange.body, exchange.filledBytes, start, end);
    } catch (error) {
      exchange.refused = true;
      this.#options.pool.give(exchange.body);
      this.#refuse(exchange, error);
    }
  }

  async #answer(exchange: Exchange): Promise<void> {
    const { encoding } = exchange.head;
    this.#answering = true;
    try {
      const body = await this.#inflated(exchange);
      exchange.lease.take(body.length * PARSED_WEIGHT[encoding]);
      const answer = await this.#options.receiver.receive(body, encoding, TRANSPORTS[encoding]);
      this.#write("200 OK", `Content-Type: ${CONTENT_TYPES[encoding]}\r\n`, answer);
      this.#end(exchange, "200");
    } catch (error) {
      this.#refuse(exchange, error);
    }
    this.#answering = false;
    this.#exchange = null;
    if (this.#closing) this.#socket.end();
    else if (this.#socket.writableNeedDrain) this.#waitForReader();
    else this.#takeEarly();
  }

  /** One who sends but does not read its answers is not read either. */
  #waitForReader(): void {
    this.#socket.pause();
    this.#socket.once("drain", () => {
      this.#socket.resume();
      this.#takeEarly();
    });
  }

  async #inflated({ head: { contentEncoding: encoding }, body, lease }: Exchange): Promise<Uint8Array> {
    if (encoding === "identity") return body;
    const inflated = await inflateBody(body, { encoding, bytesMax: this.#options.bodyBytesMax, lease });
    this.#options.pool.give(body);
    return inflated;
  }

  #takeEarly(): void {
    const early = this.#early;
    if (early === null) return;
    this.#early = null;
    this.#socket.resume();
    this.#onData(early);
  }

  #refuse(exchange: Exchange, error: unknown): void {
    const { metrics, log } = this.#options;
    const refusal = asRefusal(error, log, PATH);
    const { status, headers, body } = refusalAnswer(refusal, exchange.head.encoding);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    metrics.refusedRequests.inc({ transport: "http", reason: refusal.reason });
    this.#write(`${status} ${STATUS_CODES[status]}`, lines.join(""), body);
    this.#end(exchange, String(status));
  }

  #write(status: string, headers: string, body: Uint8Array): void {
    const connection = this.#closing ? "Connection: close\r\n" : KEEP_ALIVE;
    const head = `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${body.length}\r\nDate: ${httpDate()}\r\n${connection}\r\n`;
    const socket = this.#socket;
    if (body.length === 0) {
      socket.write(head, "latin1");
      return;
    }
    socket.cork();
    socket.write(head, "latin1");
    socket.write(body);
    socket.uncork();
  }

  #end(exchange: Exchange, status: string): void {
    exchange.lease.release();
    this.sinceMs = performance.now();
    const seconds = (this.sinceMs - exchange.startMs) / 1000;
    const code = this.#socket.destroyed ? "aborted" : status;
    this.#options.metrics.httpDuration.observe({ http_route: PATH, http_response_status_code: code }, seconds);
  }
}
