import type { Socket } from "node:net";
import type { Logger } from "pino";
import type { BucketSeries } from "../bucket-histogram.ts";
import type { BufferPool } from "../buffer-pool.ts";
import type { Metrics } from "../metrics.ts";
import type { TokenGate } from "./bearer-tokens.ts";
import { CONTENT_TYPES, PARSED_WEIGHT } from "./body-encoding.ts";
import { beginBody, withRoom } from "./body-memory.ts";
import type { ByteBudget, Lease } from "./byte-budget.ts";
import { inflateBody } from "./inflate-body.ts";
import { type BytesReader, type ReadConnection, readInto } from "./read-into.ts";
import type { Receiver } from "./receiver.ts";
import { asRefusal, refusalAnswer } from "./send-refusal.ts";
import { answerBytes, takenAnswer } from "./trace-answer.ts";
import type { TraceHead } from "./trace-head.ts";
import { TraceHeadReader } from "./trace-head-reader.ts";

export interface TraceConnectionOptions {
  readonly receiver: Receiver;
  readonly budget: ByteBudget;
  readonly pool: BufferPool;
  readonly gate: TokenGate;
  readonly bodyBytesMax: number;
  /** Where connections read that do not know yet what comes: what arrives is looked at, and copied, before anything else does. */
  readonly intake: Buffer;
  readonly metrics: Metrics;
  /** Times of the requests whose spans were taken. */
  readonly takenTimes: BucketSeries;
  readonly log: Logger;
  /** Takes the connection over, and everything that was read of it and not yet answered. */
  readonly fallback: (socket: Socket) => void;
  readonly onClose: (connection: TraceConnection) => void;
}

/** The one path that these connections serve, and how the usual answer is counted. */
export const TRACES_PATH = "/v1/traces";
export const TAKEN = "200";
const TRANSPORTS = { protobuf: "http/protobuf", json: "http/json" } as const;
const ignore = (): void => undefined;

/** A request from its head to its answer. */
interface Exchange {
  readonly head: TraceHead;
  readonly startMs: number;
  readonly lease: Lease;
  body: Buffer;
  filledBytes: number;
  /** The rest of its body is read and dropped: it was refused before it was whole. */
  refused: boolean;
}

/**
 * One connection of an exporter, read straight from the socket: for requests of the form that exporters send this costs a
 * third of what a stream of its own for every body does. What has another form goes to Node's HTTP server, before anything
 * of it was answered, and with it the rest of the connection.
 */
export class TraceConnection implements BytesReader {
  /** When the request under way began, or the last one ended. */
  sinceMs = performance.now();
  /** Nothing has come yet. */
  isNew = true;
  readonly #connection: ReadConnection;
  readonly #socket: Socket;
  readonly #options: TraceConnectionOptions;
  readonly #heads = new TraceHeadReader();
  #exchange: Exchange | null = null;
  /** The next bytes are put into the body that is being read. */
  #fillsBody = false;
  #answering = false;
  #closing = false;
  /** What came while a request was being answered. */
  #early: Buffer | null = null;

  constructor(accepted: Socket, options: TraceConnectionOptions) {
    this.#options = options;
    this.#connection = readInto(accepted, this);
    this.#socket = this.#connection.socket;
    this.#socket.on("error", ignore);
    this.#socket.on("end", this.#onEnd);
    this.#socket.on("close", this.#onClose);
    this.#socket.resume();
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
    this.#socket.pause();
    this.#socket.end("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    this.#socket.destroySoon();
  }

  /** A body's own memory while one is read; before it is known whose bytes come next, memory that all connections share. */
  place(): Uint8Array {
    const exchange = this.#exchange;
    this.#fillsBody = exchange !== null && !this.#answering && !exchange.refused;
    return exchange !== null && this.#fillsBody ? this.#roomOf(exchange).subarray(exchange.filledBytes) : this.#options.intake;
  }

  filled(bytes: number): boolean {
    const exchange = this.#exchange;
    if (exchange === null || !this.#fillsBody) return this.take(this.#options.intake.subarray(0, bytes));
    this.#count(exchange, bytes);
    return true;
  }

  take(bytes: Buffer): boolean {
    let at = 0;
    do {
      if (this.#answering) return this.#keepEarly(bytes.subarray(at));
      if (this.#exchange === null) at = this.#begin(bytes, at);
      else at += this.#copy(this.#exchange, bytes, at);
    } while (at < bytes.length);
    return true;
  }

  readonly #onEnd = (): void => {
    if (this.isReading) this.destroy();
    else this.finish();
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
  #keepEarly(bytes: Buffer): false {
    this.#early = Buffer.concat(this.#early === null ? [bytes] : [this.#early, bytes]);
    return false;
  }

  /** Answers where the request's body begins in `bytes`. */
  #begin(bytes: Buffer, start: number): number {
    const { budget, pool, gate, receiver, bodyBytesMax } = this.#options;
    const head = this.#heads.read(bytes, start);
    if (head === null || head.bodyBytes > bodyBytesMax || !gate.admits(head.authorization) || !receiver.isReady()) {
      this.#handOver(bytes.subarray(start));
      return bytes.length;
    }
    const startMs = performance.now();
    const exchange = { head, startMs, lease: budget.lease(), body: beginBody(head.bodyBytes, pool), filledBytes: 0, refused: false };
    this.#exchange = exchange;
    this.isNew = false;
    this.sinceMs = startMs;
    if (head.bodyBytes === 0) void this.#answer(exchange);
    return this.#heads.bodyStart;
  }

  /** Node's server finds everything unread from this request on. */
  #handOver(rest: Buffer): void {
    const socket = this.#socket;
    socket.off("error", ignore).off("end", this.#onEnd).off("close", this.#onClose);
    this.#options.onClose(this);
    this.#connection.asStream();
    socket.pause();
    socket.unshift(Buffer.from(rest));
    this.#options.fallback(socket);
  }

  /** Answers how many of the bytes from `start` on are of this body. */
  #copy(exchange: Exchange, bytes: Buffer, start: number): number {
    const { filledBytes, head } = exchange;
    const wanted = Math.min(bytes.length - start, head.bodyBytes - filledBytes);
    const mine = exchange.refused ? wanted : bytes.copy(this.#roomOf(exchange), filledBytes, start, start + wanted);
    this.#count(exchange, mine);
    return mine;
  }

  #roomOf(exchange: Exchange): Buffer {
    exchange.body = withRoom(exchange.body, exchange.filledBytes, exchange.head.bodyBytes, this.#options.pool);
    return exchange.body;
  }

  #count(exchange: Exchange, bytes: number): void {
    exchange.filledBytes += bytes;
    if (!exchange.refused) this.#admit(exchange, bytes);
    if (exchange.filledBytes < exchange.head.bodyBytes) return;
    if (exchange.refused) this.#exchange = null;
    else void this.#answer(exchange);
  }

  #admit(exchange: Exchange, bytes: number): void {
    try {
      exchange.lease.take(bytes);
    } catch (error) {
      exchange.refused = true;
      // Nothing more is put there: whoever calls this asks for the next place.
      this.#options.pool.give(exchange.body);
      this.#refuse(exchange, error);
    }
  }

  async #answer(exchange: Exchange): Promise<void> {
    const { encoding, contentEncoding } = exchange.head;
    this.#answering = true;
    try {
      const body = contentEncoding === "identity" ? exchange.body : await this.#inflated(exchange);
      exchange.lease.take(body.length * PARSED_WEIGHT[encoding]);
      const answer = await this.#options.receiver.receive(body, encoding, TRANSPORTS[encoding]);
      const isUsual = answer.length === 0 && encoding === "protobuf" && !this.#closing;
      const headers = { "Content-Type": CONTENT_TYPES[encoding] };
      this.#socket.write(isUsual ? takenAnswer() : answerBytes({ status: 200, headers, body: answer }, this.#closing));
      this.#end(exchange, TAKEN);
    } catch (error) {
      this.#refuse(exchange, error);
    }
    this.#answering = false;
    this.#exchange = null;
    if (this.#closing) this.#socket.end();
    else if (this.#socket.writableNeedDrain) this.#waitForReader();
    else if (this.#early !== null) this.#goOn();
  }

  /** One who sends but does not read its answers is not read either. */
  #waitForReader(): void {
    this.#socket.pause();
    this.#socket.once("drain", () => this.#goOn());
  }

  #goOn(): void {
    const early = this.#early;
    this.#early = null;
    if (early === null || this.take(early)) this.#socket.resume();
  }

  async #inflated({ head: { contentEncoding: encoding }, body, lease }: Exchange): Promise<Uint8Array> {
    const inflated = await inflateBody(body, { encoding, bytesMax: this.#options.bodyBytesMax, lease });
    this.#options.pool.give(body);
    return inflated;
  }

  #refuse(exchange: Exchange, error: unknown): void {
    const { metrics, log } = this.#options;
    const refusal = asRefusal(error, log, TRACES_PATH);
    const answer = refusalAnswer(refusal, exchange.head.encoding);
    metrics.refusedRequests.inc({ transport: "http", reason: refusal.reason });
    this.#socket.write(answerBytes(answer, this.#closing));
    this.#end(exchange, String(answer.status));
  }

  #end(exchange: Exchange, status: string): void {
    exchange.lease.release();
    this.sinceMs = performance.now();
    const seconds = (this.sinceMs - exchange.startMs) / 1000;
    const { metrics, takenTimes } = this.#options;
    const code = this.#socket.destroyed ? "aborted" : status;
    if (code === TAKEN) takenTimes.observe(seconds);
    else metrics.httpDuration.observe({ http_route: TRACES_PATH, http_response_status_code: code }, seconds);
  }
}
