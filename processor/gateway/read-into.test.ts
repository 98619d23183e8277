import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BytesReader, readInto } from "./read-into.ts";

let server: Server;
const accepted: ((socket: Socket) => void)[] = [];

beforeAll(async () => {
  server = createServer({ pauseOnConnect: true }, (socket) => accepted.shift()?.(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.close();
});

/** Both ends of a new connection. */
async function connection(): Promise<{ client: Socket; near: Socket }> {
  const near = new Promise<Socket>((resolve) => accepted.push(resolve));
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await once(client, "connect");
  return { client, near: await near };
}

/** Has been read from already, so that its handle is not taken. */
async function readBefore(near: Socket, client: Socket, text: string): Promise<void> {
  client.write(text);
  near.read(0);
  await expect.poll(() => near.readableLength).toBe(text.length);
}

/** Collects what comes, in places of a few bytes. */
class Collector implements BytesReader {
  readonly places: Buffer[] = [];
  text = "";
  chunks = 0;
  goesOn = true;
  onBytes: () => void = () => undefined;

  place(): Uint8Array {
    const place = Buffer.alloc(5);
    this.places.push(place);
    return place;
  }

  filled(bytes: number): boolean {
    return this.#add(this.places.at(-1)?.toString("latin1", 0, bytes) ?? "");
  }

  take(bytes: Buffer): boolean {
    this.chunks += 1;
    return this.#add(bytes.toString("latin1"));
  }

  #add(text: string): boolean {
    this.text += text;
    this.onBytes();
    return this.goesOn;
  }
}

describe.each([
  ["into places", false],
  ["from chunks", true],
])("%s", (_name, isRead) => {
  async function open(first: string): Promise<{ client: Socket; reader: Collector; read: ReturnType<typeof readInto> }> {
    const { client, near } = await connection();
    if (isRead) await readBefore(near, client, first);
    else client.write(first);
    const reader = new Collector();
    const read = readInto(near, reader);
    read.socket.on("end", () => read.socket.end());
    read.socket.resume();
    return { client, reader, read };
  }

  test("hears every byte once and in order, and answers go back", async () => {
    const { client, reader, read } = await open("abcdefghijklm");
    await expect.poll(() => reader.text).toBe("abcdefghijklm");
    client.write("nopqrstuvwxyz");
    await expect.poll(() => reader.text).toBe("abcdefghijklmnopqrstuvwxyz");
    expect(reader.chunks > 0).toBe(isRead);
    read.socket.write("back");
    expect(String((await once(client, "data"))[0])).toBe("back");
    client.destroy();
    await once(read.socket, "close");
  });

  test("hears nothing between false and resume", async () => {
    const { client, reader, read } = await open("one");
    reader.goesOn = false;
    await expect.poll(() => reader.text).toBe("one");
    client.write("two");
    await sleep(50);
    expect(reader.text).toBe("one");
    reader.goesOn = true;
    read.socket.resume();
    await expect.poll(() => reader.text).toBe("onetwo");
    client.destroy();
  });

  test("gives the rest to the socket's own readers, whether it comes in the same read or later", async () => {
    const { client, near } = await connection();
    if (isRead) await readBefore(near, client, "head and");
    else client.write("head and");
    const reader = new Collector();
    const read = readInto(near, reader);
    read.socket.on("end", () => read.socket.end("bye"));
    let streamed = "";
    reader.onBytes = () => {
      if (streamed !== "" || reader.text.length < 4) return;
      read.asStream();
      read.socket.unshift(Buffer.from(reader.text.slice(4)));
      read.socket.on("data", (chunk: Buffer) => (streamed += chunk.toString("latin1")));
    };
    read.socket.resume();
    await expect.poll(() => streamed).toBe(" and");
    client.write(" a rest that is longer than a place");
    await expect.poll(() => streamed).toBe(" and a rest that is longer than a place");
    expect(reader.text).toBe("head and".slice(0, reader.text.length));
    const closed = once(read.socket, "close");
    client.end();
    expect(String((await once(client, "data"))[0])).toBe("bye");
    await closed;
  });

  test("its end is the end of the connection that the server counts", async () => {
    const { client, read } = await open("x");
    const count = (): Promise<number> => new Promise((resolve) => server.getConnections((_error, connections) => resolve(connections)));
    const before = await count();
    client.end();
    await once(read.socket, "close");
    await expect.poll(count).toBe(before - 1);
  });
});
