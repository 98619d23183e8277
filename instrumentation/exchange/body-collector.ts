/** Collects what is written to a request, up to a limit. */
export interface BodyCollector {
  add(chunk: unknown, encoding: unknown): void;
  /** Added so far, kept or not. */
  bytes(): number;
  /** undefined over the limit. */
  text(): string | undefined;
}

export function bodyCollector(bytesMax: number): BodyCollector {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    add(chunk, encoding) {
      if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) return;
      const added = typeof chunk === "string" ? Buffer.from(chunk, encodingOf(encoding)) : chunk;
      bytes += added.byteLength;
      if (bytes <= bytesMax) chunks.push(Buffer.from(added));
    },
    bytes: () => bytes,
    text() {
      const all = bytes <= bytesMax ? Buffer.concat(chunks).toString() : undefined;
      chunks.length = 0;
      return all;
    },
  };
}

function encodingOf(encoding: unknown): BufferEncoding {
  return typeof encoding === "string" && Buffer.isEncoding(encoding) ? encoding : "utf8";
}
