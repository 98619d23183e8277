import type pg from "pg";

/** CopyData ('d') and the length that follows it, which counts itself; CopyDone (PostgreSQL manual, Message Formats). */
const COPY_DATA = 0x64;
const LENGTH_BYTES = 4;
export const COPY_DATA_HEAD_BYTES = 1 + LENGTH_BYTES;
export const COPY_DONE: Buffer = Buffer.from([0x63, 0, 0, 0, LENGTH_BYTES]);

/** Writes what stands before so many bytes of a COPY. */
export function writeCopyDataHead(message: Buffer, bytes: number): void {
  message.writeUInt8(COPY_DATA, 0);
  message.writeInt32BE(bytes + LENGTH_BYTES, 1);
}

/**
 * Runs statements in one message and one round trip, which makes them one transaction (PostgreSQL manual, Simple Query); for each
 * COPY FROM STDIN among them, in their order, one of `copies` is its whole answer, CopyData and CopyDone. They are sent without
 * waiting for the server to ask for them: one that has failed meanwhile passes them over (ibid., COPY Operations). Not to be
 * changed before the server has answered.
 */
export function queryWithCopies(client: pg.ClientBase, text: string, copies: readonly Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new CopyQuery(text, copies, { resolve, reject }));
  });
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What pg asks of a query that speaks for itself, as pg-copy-streams does. */
class CopyQuery implements pg.Submittable {
  private readonly text: string;
  private readonly copies: readonly Buffer[];
  private readonly waiting: Waiting;

  constructor(text: string, copies: readonly Buffer[], waiting: Waiting) {
    this.text = text;
    this.copies = copies;
    this.waiting = waiting;
  }

  submit(connection: pg.Connection): void {
    const { stream } = connection;
    stream.cork();
    connection.query(this.text);
    for (const messages of this.copies) stream.write(messages);
    stream.uncork();
  }

  handleCopyInResponse(): void {
    // What it asks for is on its way.
  }

  handleRowDescription(): void {
    // Nobody reads what the functions answer.
  }

  handleDataRow(): void {
    // As above.
  }

  handleCommandComplete(): void {
    // More statements follow.
  }

  handleEmptyQuery(): void {
    // There is none.
  }

  handleReadyForQuery(): void {
    this.waiting.resolve();
  }

  handleError(error: unknown): void {
    this.waiting.reject(error);
  }
}
