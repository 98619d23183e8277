import type { Attributes, AttributeValue } from "../core/span.ts";
import { readResource } from "../otlp/scan-request.ts";
import { MalformedError, type WireReader } from "../otlp/wire-reader.ts";

/** A fleet has one for each process, of some hundred bytes. Their attributes take several times as much. */
const RESOURCES_MAX = 1_024;
const BYTES_MAX = 1024 * 1024;
/** A larger one is read each time. */
const RESOURCE_BYTES_MAX = 4_096;

/** Attributes of resources by the bytes of their messages: a process sends the same one all its life. */
export class ResourceCache {
  private readonly known = new Map<string, Attributes>();
  private knownBytes = 0;

  /** The attributes of the Resource from `start` to `end`; null where it is malformed. */
  read(reader: WireReader, start: number, end: number): Attributes | null {
    if (end - start > RESOURCE_BYTES_MAX) return decode(reader, start, end);
    const bytes = reader.bytes.toString("latin1", start, end);
    const before = this.known.get(bytes);
    if (before !== undefined) return before;
    const resource = decode(reader, start, end);
    if (resource !== null) this.keep(bytes, resource);
    return resource;
  }

  private keep(bytes: string, resource: Attributes): void {
    if (this.known.size >= RESOURCES_MAX || this.knownBytes + bytes.length > BYTES_MAX) {
      this.known.clear();
      this.knownBytes = 0;
    }
    this.known.set(bytes, resource);
    this.knownBytes += bytes.length;
  }
}

function decode(reader: WireReader, start: number, end: number): Attributes | null {
  const resource: Record<string, AttributeValue> = Object.create(null);
  reader.position = start;
  try {
    readResource(reader, end, resource);
    return resource;
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}
