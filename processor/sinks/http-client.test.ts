import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { CONNECTIONS_MAX, createHttpClient, type HttpClient } from "./http-client.ts";
import { SinkAwayError } from "./sink-error.ts";

const opened: (Server | HttpClient)[] = [];
const sockets = new Set<Socket>();

afterEach(() => {
  for (const one of opened.splice(0)) one.close();
  for (const socket of sockets) socket.destroy();
});

async function listening(server: Server, port = 0): Promise<number> {
  opened.push(server);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function clientTo(port: number, timeoutMs = 2000): HttpClient {
  const headers = new Map([["host", `127.0.0.1:${port}`]]);
  const client = createHttpClient({ host: "127.0.0.1", port, path: "/v1/traces", headers, timeoutMs });
  opened.push(client);
  return client;
}

interface Seen {
  readonly socket: Socket;
  /** Of which connection, in the order of their making. */
  readonly connection: number;
  readonly body: string;
}

/** A server that hears of whole requests and writes what it likes. */
async function scripted(onRequest: (seen: Seen) => void): Promise<{ port: number; seen: Seen[]; connections: () => number }> {
  const seen: Seen[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    const connection = (connections += 1);
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const bodyEnd = end + 4 + Number(/content-length: (\d+)/.exec(text)?.[1]);
        if (text.length < bodyEnd) return;
        const request = { socket, connection, body: text.slice(end + 4, bodyEnd) };
        text = text.slice(bodyEnd);
        seen.push(request);
        onRequest(request);
      }
    });
  });
  return { port: await listening(server), seen, connections: () => connections };
}

/** Of a server that soon closes what is not used. */
const IDLE_MS = 20;
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const post = async (client: HttpClient, body: string): Promise<string> => {
  const { status, body: answer } = await client.post([Buffer.from(body)]);
  return `${status} ${answer.toString()}`;
};

describe("connections", () => {
  test("are kept, and as many are made as are needed at a time, up to the limit", async () => {
    let underWay = 0;
    let most = 0;
    const { port, seen, connections } = await scripted(({ socket }) => {
      most = Math.max(most, (underWay += 1));
      setTimeout(() => {
        underWay -= 1;
        socket.write(OK);
      }, 5);
    });
    const client = clientTo(port);
    for (const body of ["a", "b", "c"]) expect(await post(client, body)).toBe("200 ok");
    expect(connections()).toBe(1);
    const bodies = Array.from({ length: 40 }, (_, index) => `body ${index}`);
    expect(new Set(await Promise.all(bodies.map((body) => post(client, body))))).toEqual(new Set(["200 ok"]));
    expect([connections(), most]).toEqual([CONNECTIONS_MAX, CONNECTIONS_MAX]);
    expect(
      seen
        .slice(3)
        .map(({ body }) => body)
        .toSorted(),
    ).toEqual(bodies.toSorted());
  });

  test.each([
    ["says that it closes", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false],
    ["ends with its answer", "HTTP/1.1 200 OK\r\n\r\nok", true],
    ["says more than it was asked", `${OK}${OK}`, false],
  ])("are not used again where the server %s", async (_name, answer, ends) => {
    const { port, connections } = await scripted(({ socket }) => void (ends ? socket.end(answer) : socket.write(answer)));
    const client = clientTo(port);
    for (const body of ["a", "b"]) expect(await post(client, body)).toBe("200 ok");
    expect(connections()).toBe(2);
  });

  test("that the server ended, or spoke on, while nobody used them are not used again", async () => {
    const { port, seen, connections } = await scripted(({ socket }) => socket.write(OK));
    const client = clientTo(port);
    await post(client, "a");
    seen[0]?.socket.end();
    await sleep(20);
    await post(client, "b");
    seen[1]?.socket.write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    await sleep(20);
    expect(await post(client, "c")).toBe("200 ok");
    expect(connections()).toBe(3);
  });
});

describe("a request that finds a kept connection closed", () => {
  test("is sent once more, on a new one", async () => {
    const { port, seen } = await scripted(({ socket, connection, body }) => {
      if (connection === 1 && body === "b") socket.resetAndDestroy();
      else socket.write(OK);
    });
    const client = clientTo(port);
    for (const body of ["a", "b"]) expect(await post(client, body)).toBe("200 ok");
    expect(seen.map(({ connection, body }) => `${connection}${body}`)).toEqual(["1a", "1b", "2b"]);
  });

  test("is not sent a third time", async () => {
    const { port, seen } = await scripted(({ socket, body }) => void (body === "a" ? socket.write(OK) : socket.destroy()));
    const client = clientTo(port);
    await post(client, "a");
    await expect(post(client, "b")).rejects.toThrow(SinkAwayError);
    expect(seen).toHaveLength(3);
  });

  test("is not sent again when the connection was new, when a part of the answer came, or when it took too long", async () => {
    const { port, seen } = await scripted(({ socket, body }) => {
      if (body === "part") socket.end("HTTP/1.1 200");
      else if (body === "closed") socket.destroy();
      else if (body !== "silence") socket.write(OK);
    });
    const client = clientTo(port, 200);
    await expect(post(client, "closed")).rejects.toThrow("the backend closed the connection before its answer was whole");
    for (const [body, message] of [
      ["part", "the backend closed the connection before its answer was whole"],
      ["silence", "no answer within 200 ms"],
    ] as const) {
      await post(client, "a");
      await expect(post(client, body)).rejects.toThrow(new SinkAwayError(message, 0));
    }
    expect(seen.map(({ body }) => body)).toEqual(["closed", "a", "part", "a", "silence"]);
  });

  test("does not fail where a server closes what was not used for a moment", async () => {
    const server = createHttpServer((request, response) => {
      request.resume();
      request.on("end", () => response.end("ok"));
    });
    // From Node 24 on the server waits for a second longer than it says.
    Object.assign(server, { keepAliveTimeout: IDLE_MS, keepAliveTimeoutBuffer: 0 });
    const client = clientTo(await listening(server));
    const answers: string[] = [];
    for (let round = 0; round < 40; round += 1) {
      answers.push(await post(client, "first"));
      await sleep(IDLE_MS - 4 + (round % 8));
      answers.push(await post(client, "second"));
    }
    expect(new Set(answers)).toEqual(new Set(["200 ok"]));
  });
});

describe("an exchange", () => {
  test("ends at once with a refusal, although its body is still going out", async () => {
    const port = await listening(
      createServer((socket) => {
        socket.once("data", () => {
          socket.pause();
          socket.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
        });
      }),
    );
    const { status } = await clientTo(port).post([Buffer.alloc(50_000_000)]);
    expect(status).toBe(413);
  });

  test("has its own time, however long its connection was unused before", async () => {
    const { port } = await scripted(({ socket, body }) => void (body === "silence" || socket.write(OK)));
    const client = clientTo(port, 100);
    for (const pauseMs of [60, 60, 250]) {
      expect(await post(client, "a")).toBe("200 ok");
      await sleep(pauseMs);
    }
    const beginMs = performance.now();
    await expect(post(client, "silence")).rejects.toThrow(new SinkAwayError("no answer within 100 ms", 0));
    expect(performance.now() - beginMs).toBeGreaterThan(95);
  });

  test("fails where nobody listens, where the answer is none, and where the client is closed", async () => {
    const server = createServer();
    const port = await listening(server);
    server.close();
    await expect(post(clientTo(port), "a")).rejects.toMatchObject({ code: "ECONNREFUSED" });

    const { port: odd } = await scripted(({ socket, body }) => void (body === "odd" && socket.write("220 smtp.example.com ESMTP\r\n\r\n")));
    const client = clientTo(odd);
    await expect(post(client, "odd")).rejects.toThrow("the backend's answer cannot be read: it does not begin as one of HTTP/1.1");
    const left = Array.from({ length: CONNECTIONS_MAX + 1 }, () => post(client, "silence"));
    client.close();
    const failed = await Promise.allSettled([...left, post(client, "late")]);
    expect(failed.map((result) => result.status === "rejected" && String(result.reason))).toEqual(
      failed.map(() => "Error: the gateway is stopping"),
    );
  });
});
