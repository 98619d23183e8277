/** A few bytes that are written often, for ByteWriter.words: whole little-endian words, the last one padded. */
export interface PackedBytes {
  readonly words: Int32Array;
  readonly length: number;
}

export function packBytes(bytes: Uint8Array): PackedBytes {
  const padded = Buffer.concat([bytes, Buffer.alloc(3)]);
  const words = Int32Array.from({ length: Math.ceil(bytes.length / 4) }, (_, index) => padded.readInt32LE(index * 4));
  return { words, length: bytes.length };
}
