import type { Socket } from "node:net";
import type { SendHandle } from "node:child_process";

/** The two ends of a worker's channel: `process` in the worker, the Worker object in the primary. */
interface ChannelEnd {
  send?(message: object, handle?: SendHandle, options?: undefined, callback?: (error: Error | null) => void): boolean;
  on(event: "message", listener: (message: unknown, handle?: unknown) => void): unknown;
}

interface Envelope {
  readonly kind: "tell" | "ask" | "answer";
  readonly id: number;
  readonly topic: string;
  readonly value?: unknown;
  readonly error?: string;
}

export interface WorkerChannel {
  tell(topic: string, value?: unknown, socket?: Socket): void;
  /** Rejects when there is no answer in time. */
  ask(topic: string): Promise<unknown>;
}

export interface ChannelHandlers {
  onTell(topic: string, value: unknown, socket: Socket | undefined): void;
  answer(topic: string): Promise<unknown>;
}

/** A question between two processes of one machine; metrics of a busy worker take a while. */
const ANSWER_MS_MAX = 5000;

/** Messages, questions and connections between the primary and one worker. */
export function openWorkerChannel(end: ChannelEnd, handlers: ChannelHandlers): WorkerChannel {
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let lastId = 0;

  const send = (envelope: Envelope, socket?: Socket): void => {
    // A worker that has just died takes no message; whoever waits for its answer is told by the time limit.
    end.send?.(envelope, socket, undefined, (error) => error !== null && socket?.destroy());
  };

  async function answerTo({ id, topic }: Envelope): Promise<void> {
    try {
      send({ kind: "answer", id, topic, value: await handlers.answer(topic) });
    } catch (error) {
      send({ kind: "answer", id, topic, error: String(error) });
    }
  }

  end.on("message", (message, handle) => {
    if (!isEnvelope(message)) return;
    if (message.kind === "tell") handlers.onTell(message.topic, message.value, handle as Socket | undefined);
    else if (message.kind === "ask") void answerTo(message);
    else if (message.error === undefined) open.get(message.id)?.resolve(message.value);
    else open.get(message.id)?.reject(new Error(message.error));
  });

  return {
    tell: (topic, value, socket) => send({ kind: "tell", id: 0, topic, value }, socket),
    async ask(topic) {
      const id = ++lastId;
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise((resolve, reject) => {
          timer = setTimeout(() => reject(new Error(`no answer to "${topic}" within ${ANSWER_MS_MAX} ms`)), ANSWER_MS_MAX);
          open.set(id, { resolve, reject });
          send({ kind: "ask", id, topic });
        });
      } finally {
        clearTimeout(timer);
        open.delete(id);
      }
    },
  };
}

function isEnvelope(message: unknown): message is Envelope {
  const kind = (message as Partial<Envelope> | null)?.kind;
  return kind === "tell" || kind === "ask" || kind === "answer";
}
