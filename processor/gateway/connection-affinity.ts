/**
 * Chooses the worker for a new connection so that the spans of one trace meet in one memory: connections of one address go
 * to one worker. An address that opens many at once is a proxy, a Collector or a load test, whose connections carry many
 * applications: from the fifth within the window on they are spread evenly.
 */
export interface ConnectionAffinity {
  /** Index of the worker; `isAlive` says which can take it. */
  choose(address: string, isAlive: (worker: number) => boolean): number;
}

const STICKY_CONNECTIONS_MAX = 4;
const WINDOW_MS = 10_000;
/** Addresses remembered; the one that was seen longest ago makes room. */
const ADDRESSES_MAX = 10_000;

interface Seen {
  readonly worker: number;
  connections: number;
  windowStartMs: number;
}

export function createConnectionAffinity(workers: number, now: () => number = Date.now): ConnectionAffinity {
  const addresses = new Map<string, Seen>();
  let turn = 0;

  function nextAlive(isAlive: (worker: number) => boolean): number {
    for (let tried = 0; tried < workers; tried += 1) {
      turn = (turn + 1) % workers;
      if (isAlive(turn)) break;
    }
    return turn;
  }

  function remember(address: string, isAlive: (worker: number) => boolean): Seen {
    const known = addresses.get(address);
    addresses.delete(address);
    const seen =
      known !== undefined && isAlive(known.worker) ? known : { worker: nextAlive(isAlive), connections: 0, windowStartMs: now() };
    addresses.set(address, seen);
    const [oldest] = addresses.keys();
    if (addresses.size > ADDRESSES_MAX && oldest !== undefined) addresses.delete(oldest);
    return seen;
  }

  return {
    choose(address, isAlive) {
      const seen = remember(address, isAlive);
      if (now() - seen.windowStartMs > WINDOW_MS) {
        seen.windowStartMs = now();
        seen.connections = 0;
      }
      seen.connections += 1;
      return seen.connections <= STICKY_CONNECTIONS_MAX ? seen.worker : nextAlive(isAlive);
    },
  };
}
