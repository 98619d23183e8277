import { connect, type Socket } from "node:net";
import { type HttpAnswer, HttpAnswerReader } from "./http-answer.ts";
import { AnswerHeadReader } from "./http-answer-head.ts";
import { SinkAwayError } from "./sink-error.ts";

export interface HttpAddress {
  readonly host: string;
  readonly port: number;
}

/** A request, and whom to tell what became of it. */
export interface HttpRequest {
  /** Says how long the pieces are, of which there is one or more. */
  readonly head: Buffer;
  readonly pieces: readonly Uint8Array[];
  readonly resolve: (answer: HttpAnswer) => void;
  /** Hears a SinkAwayError, or the error of the system. */
  readonly reject: (error: Error) => void;
  /** It was sent before, on a connection that had ended. */
  readonly isRepeated: boolean;
}

export interface HttpConnectionOptions extends HttpAddress {
  /** For one exchange, the making of the connection included. */
  readonly timeoutMs: number;
  /** Where answers are read to: connections may share it, what arrives is looked at before anything else does. */
  readonly intake: Buffer;
  /** Another exchange may begin. */
  readonly onFree: (connection: HttpConnection) => void;
  readonly onClose: (connection: HttpConnection) => void;
  /** A connection that had been used before ended without a byte of the request's answer. */
  readonly onStale: (request: HttpRequest) => void;
}

/** Unused for so long, a connection is closed. */
const IDLE_MS = 30_000;
const NOTHING = new Uint8Array(0);
const CLOSED = "the backend closed the connection before its answer was whole";

interface Exchange {
  readonly request: HttpRequest;
  readonly reader: HttpAnswerReader;
  answer: HttpAnswer | null;
  failure: Error | null;
  /** All of the request has gone out. */
  isWritten: boolean;
  /** The other side ended the connection, whatever it said by that. */
  isCut: boolean;
}

/**
 * A connection to an HTTP/1.1 server, for one exchange at a time. An exchange is over when its answer is there and nobody
 * reads the pieces of its request any more: they have gone out, or the connection is closed.
 */
export class HttpConnection {
  readonly #options: HttpConnectionOptions;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  readonly #heads = new AnswerHeadReader();
  #exchange: Exchange | null = null;
  #wasUsed = false;

  constructor(options: HttpConnectionOptions) {
    const { host, port, timeoutMs, intake } = options;
    this.#options = options;
    this.#socket = connect({ host, port, noDelay: true, onread: { buffer: intake, callback: (bytes) => this.#read(bytes) } });
    this.#socket.setTimeout(IDLE_MS, () => this.#expire());
    this.#socket.on("error", (error) => this.#cut(error));
    this.#socket.on("end", () => this.#cut(new SinkAwayError(CLOSED, 0)));
    this.#socket.on("close", () => this.#close());
    this.#timer = setTimeout(() => this.#timeOut(), timeoutMs).unref();
  }

  /** False where it is closing and has not said so yet. */
  get isUsable(): boolean {
    return this.#exchange === null && this.#socket.writable;
  }

  send(request: HttpRequest): void {
    const reader = new HttpAnswerReader(this.#heads);
    this.#exchange = { request, reader, answer: null, failure: null, isWritten: false, isCut: false };
    const { head, pieces } = request;
    const last = pieces.length - 1;
    this.#timer.refresh();
    this.#socket.cork();
    this.#socket.write(head);
    for (let index = 0; index < last; index++) this.#socket.write(pieces[index] ?? NOTHING);
    this.#socket.write(pieces[last] ?? NOTHING, this.#noteWritten);
    this.#socket.uncork();
  }

  fail(error: Error): void {
    if (this.#exchange !== null) this.#exchange.failure ??= error;
    this.#socket.destroy();
  }

  readonly #noteWritten = (error?: Error | null): void => {
    const exchange = this.#exchange;
    if (exchange === null || (error ?? null) !== null) return;
    exchange.isWritten = true;
    if (exchange.answer !== null) this.#settle(exchange, exchange.answer);
  };

  #read(bytes: number): boolean {
    const exchange = this.#exchange;
    if (exchange === null || exchange.answer !== null) {
      // Such as 408 of a server that closes what is not used.
      this.#socket.destroy();
      return true;
    }
    try {
      if (exchange.reader.take(this.#options.intake.subarray(0, bytes))) this.#settle(exchange, exchange.reader.answer());
    } catch (error) {
      this.fail(error as Error);
    }
    return true;
  }

  /** A refusal ends what is still going out; after a success the rest is sent, because the backend may want it. */
  #settle(exchange: Exchange, answer: HttpAnswer): void {
    exchange.answer = answer;
    if (!exchange.isWritten && answer.status < 300) return;
    if (!exchange.isWritten || !exchange.reader.isKept) {
      this.#socket.destroy();
      return;
    }
    this.#exchange = null;
    this.#wasUsed = true;
    exchange.request.resolve(answer);
    this.#options.onFree(this);
  }

  #cut(error: Error): void {
    const exchange = this.#exchange;
    if (exchange !== null) {
      exchange.isCut ||= exchange.failure === null;
      if (exchange.reader.end()) exchange.answer ??= exchange.reader.answer();
    }
    this.fail(error);
  }

  #timeOut(): void {
    if (this.#exchange !== null) this.fail(new SinkAwayError(`no answer within ${this.#options.timeoutMs} ms`, 0));
  }

  #expire(): void {
    if (this.#exchange === null) this.#socket.destroy();
  }

  #close(): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    clearTimeout(this.#timer);
    this.#options.onClose(this);
    if (exchange === null) return;
    const { request, reader, answer, failure } = exchange;
    if (answer !== null) request.resolve(answer);
    else if (this.#wasUsed && exchange.isCut && !reader.hasBegun && !request.isRepeated) this.#options.onStale(request);
    else request.reject(failure ?? new SinkAwayError(CLOSED, 0));
  }
}
