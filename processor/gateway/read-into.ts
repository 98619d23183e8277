import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";
import { discardBuffer } from "../discard-buffer.ts";

/** Says where the next bytes of a connection belong, and takes them. What answers false wants no more until the socket is resumed. */
export interface BytesReader {
  /** Not empty. Whatever comes is put there until this is asked again, which follows every `filled`. */
  place(): Uint8Array;
  /** So many bytes of the last place have come. */
  filled(bytes: number): boolean;
  /** Bytes that came elsewhere; they are gone after the call. */
  take(bytes: Buffer): boolean;
}

export interface ReadConnection {
  readonly socket: Socket;
  /** What comes from here on is read from the socket, as from any other; the reader hears no more of it. */
  asStream(): void;
}

/** What Node's sockets stand on. It has no type, being none of its users' business: see readInto. */
interface Handle {
  readonly useUserBuffer?: unknown;
}
type WithHandle = Socket & { _handle: Handle | null };

/**
 * Reads an accepted connection, of which nothing was read yet, into memory of the reader's choice: nothing is allocated for
 * what arrives, and the rest of a body is put where it belongs. Node does that for sockets that one makes oneself (`onread`
 * of net.Socket), so one is made on the handle of the accepted one, as Node does where a connection goes from one process to
 * another (lib/internal/child_process.js). Where a handle cannot be had so, the reader gets what any socket reads.
 * As in Node's HTTP server, who has sent everything and says so can still be answered: the end is the reader's to answer.
 */
export function readInto(accepted: Socket, reader: BytesReader): ReadConnection {
  const { _handle: handle } = accepted as WithHandle;
  const isFresh = typeof handle?.useUserBuffer === "function" && accepted.readableLength === 0;
  const connection = isFresh ? takeOver(accepted as WithHandle, reader) : readChunks(accepted, reader);
  connection.socket.allowHalfOpen = true;
  return connection;
}

function takeOver(accepted: WithHandle, reader: BytesReader): ReadConnection {
  let streams = false;
  const options: SocketConstructorOpts & { readonly handle: Handle | null; readonly onread: OnReadOpts } = {
    handle: accepted._handle,
    onread: {
      buffer: () => reader.place(),
      callback: (bytes, place) => (streams ? socket.push(Buffer.from(place.subarray(0, bytes))) : reader.filled(bytes)),
    },
  };
  accepted._handle = null;
  const socket = new Socket(options);
  // Its server counts connections by the sockets that it made itself.
  socket.once("close", () => accepted.destroy());
  return { socket, asStream: () => void (streams = true) };
}

/** Also in a version of Node whose sockets are made otherwise. */
function readChunks(socket: Socket, reader: BytesReader): ReadConnection {
  const take = (chunk: Buffer): void => {
    if (!reader.take(chunk)) socket.pause();
    discardBuffer(chunk);
  };
  socket.on("data", take);
  return { socket, asStream: () => void socket.off("data", take) };
}
