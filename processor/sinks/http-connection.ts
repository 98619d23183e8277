import { connect, type Socket } from "node:net";
import { type HttpAnswer, HttpAnswerReader } from "./http-answer.ts";
import { SinkAwayError } from "./sink-error.ts";

export interface HttpAddress {
  readonly host: string;
  readonly port: number;
}

export interface HttpConnectionOptions extends HttpAddress {
  /** For one exchange, the making of the connection included. */
  readonly timeoutMs: number;
  /** Where answers are read to: connections may share it, what arrives is looked at before anything else does. */
  readonly intake: Buffer;
  /** Hears that another exchange may begin, or that none can any more. */
  readonly onFree: (connection: HttpConnection) => void;
  readonly onClose: (connection: HttpConnection) => void;
}

/** Unused for so long, a connection is closed. */
const IDLE_MS = 30_000;

interface Exchange {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly reader: HttpAnswerReader;
  answer: HttpAnswer | null;
  failure: Error | null;
  /** All of the request has gone out. */
  isWritten: boolean;
}

/** A kept connection ended before a byte of the answer came. */
export class StaleConnectionError extends SinkAwayError {}

/**
 * A connection to an HTTP/1.1 server, for one exchange at a time. An exchange is over when its answer is there and nobody
 * reads the pieces of its request any more: they have gone out, or the connection is closed.
 */
export class HttpConnection {
  readonly #options: HttpConnectionOptions;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #exchange: Exchange | null = null;
  #wasUsed = false;

  constructor(options: HttpConnectionOptions) {
    const { host, port, timeoutMs, intake } = options;
    this.#options = options;
    this.#socket = connect({ host, port, noDelay: true, onread: { buffer: intake, callback: (bytes) => this.#read(bytes) } });
    this.#socket.setTimeout(IDLE_MS, () => this.#expire());
    this.#socket.on("error", (error) => this.#failBy(error));
    this.#socket.on("end", () => this.#end());
    this.#socket.on("close", () => this.#close());
    this.#timer = setTimeout(() => this.#timeOut(), timeoutMs).unref();
  }

  /** False where it is closing and has not said so yet. */
  get isUsable(): boolean {
    return this.#exchange === null && this.#socket.writable;
  }

  /** `head` says how long the pieces are, of which there is one or more. Rejects with SinkAwayError, or the error of the system. */
  exchange(head: Buffer, pieces: readonly Uint8Array[]): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      this.#exchange = { resolve, reject, reader: new HttpAnswerReader(), answer: null, failure: null, isWritten: false };
      this.#timer.refresh();
      this.#socket.cork();
      this.#socket.write(head);
      for (const [index, piece] of pieces.entries()) {
        if (index < pieces.length - 1) this.#socket.write(piece);
        else this.#socket.write(piece, this.#noteWritten);
      }
      this.#socket.uncork();
    });
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
      this.fail(new SinkAwayError("the backend said more than it was asked", 0));
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
    exchange.resolve(answer);
    this.#options.onFree(this);
  }

  #end(): void {
    if (this.#exchange?.reader.end() === true) this.#exchange.answer ??= this.#exchange.reader.answer();
    this.#socket.destroy();
  }

  #failBy(error: Error): void {
    this.fail(this.#isStale() ? new StaleConnectionError("the backend closed the connection", 0, { cause: error }) : error);
  }

  #timeOut(): void {
    if (this.#exchange !== null) this.fail(new SinkAwayError(`no answer within ${this.#options.timeoutMs} ms`, 0));
  }

  #expire(): void {
    if (this.#exchange === null) this.#socket.destroy();
  }

  #close(): void {
    const exchange = this.#exchange;
    const ended = this.#isStale() ? StaleConnectionError : SinkAwayError;
    this.#exchange = null;
    clearTimeout(this.#timer);
    this.#options.onClose(this);
    if (exchange === null) return;
    if (exchange.answer !== null) exchange.resolve(exchange.answer);
    else exchange.reject(exchange.failure ?? new ended("the backend closed the connection before its answer was whole", 0));
  }

  #isStale(): boolean {
    return this.#wasUsed && this.#exchange?.reader.hasBegun === false;
  }
}
