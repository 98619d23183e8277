import type { Logger } from "pino";

export interface WatchedCertificates<Certificates> {
  /** For the log. */
  readonly file: string;
  readonly read: () => Promise<Certificates>;
  /** Uses them from here on. Throws where they cannot be used; nothing has changed then. */
  readonly renew: (certificates: Certificates) => void;
}

/** How soon a renewed certificate is noticed. */
const RELOAD_MS = 1000;
/** A certificate and its key are two files, and are not replaced at the same instant: so often a pair may not fit before it is told. */
const MISFITS_MAX = 5;

/**
 * Reads certificates again as their files change, and has them used. While they cannot be read, or do not belong together,
 * those before stay.
 */
export function watchCertificates<Certificates>({ file, read, renew }: WatchedCertificates<Certificates>, log: Logger): { close(): void } {
  let before: string | null = null;
  let misfits = 0;

  async function reload(): Promise<void> {
    try {
      const certificates = await read();
      const text = JSON.stringify(certificates);
      if (text === before) return;
      // The first round only learns what is used already.
      if (before !== null) {
        renew(certificates);
        log.info({ file }, "a TLS certificate changed: new connections use it");
      }
      before = text;
      misfits = 0;
    } catch (error) {
      misfits += 1;
      if (misfits === MISFITS_MAX) log.error({ file, error: String(error) }, "a TLS certificate cannot be renewed: the one before stays");
    }
  }

  let round = reload();
  const timer = setInterval(() => {
    round = round.then(reload);
  }, RELOAD_MS).unref();
  return { close: () => clearInterval(timer) };
}
