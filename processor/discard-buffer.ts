import { MessageChannel } from "node:worker_threads";

/** Its other end hears nothing: what is handed over to it is freed there and then. */
const { port1: nowhere } = new MessageChannel();
nowhere.close();

/**
 * Frees a buffer's memory now instead of when the garbage collector comes by: Node copies every piece of a body into a new
 * one, and so much memory outside of its heap makes V8 mark the whole heap again and again. The buffer is empty afterwards.
 * One that shares its memory with others is left alone.
 */
export function discardBuffer(chunk: Uint8Array): void {
  const { buffer } = chunk;
  if (chunk.byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) nowhere.postMessage(null, [buffer]);
}
