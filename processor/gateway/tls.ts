import type { ServerOptions as TlsServerOptions } from "node:https";
import { createSecureContext } from "node:tls";
import type { Logger } from "pino";
import { ConfigError } from "../config.ts";
import { readPem } from "./read-pem.ts";
import { watchCertificates } from "./watch-certificates.ts";

export interface TlsFiles {
  readonly tlsCertFile: string | null;
  readonly tlsKeyFile: string | null;
  readonly tlsClientCaFile: string | null;
}

/** RFC 8996: versions before 1.2 are deprecated. */
const TLS_VERSION_MIN = "TLSv1.2";

/** For both doors; null where it is not configured. Throws ConfigError where a file cannot be read, or certificate and key do not belong together. */
export async function readDoorTls(files: TlsFiles): Promise<TlsServerOptions | null> {
  const certificates = await readCertificates(files);
  if (certificates === null) return null;
  try {
    return doorTlsOf(certificates);
  } catch (error) {
    throw new ConfigError(`TLS_CERT, TLS_KEY: cannot be used: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Hands over what new connections are to be greeted with as the files change. */
export function watchDoorTls(files: TlsFiles, log: Logger, onRenewed: (tls: TlsServerOptions) => void): { close(): void } {
  const { tlsCertFile } = files;
  if (tlsCertFile === null) return { close: () => undefined };
  return watchCertificates(
    {
      file: tlsCertFile,
      read: () => readCertificates(files),
      renew: (certificates) => {
        if (certificates !== null) onRenewed(doorTlsOf(certificates));
      },
    },
    log,
  );
}

interface Certificates {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | null;
}

async function readCertificates({ tlsCertFile, tlsKeyFile, tlsClientCaFile }: TlsFiles): Promise<Certificates | null> {
  if (tlsCertFile === null || tlsKeyFile === null) return null;
  return {
    cert: await readPem("TLS_CERT", tlsCertFile),
    key: await readPem("TLS_KEY", tlsKeyFile),
    ca: tlsClientCaFile === null ? null : await readPem("TLS_CLIENT_CA", tlsClientCaFile),
  };
}

function doorTlsOf({ cert, key, ca }: Certificates): TlsServerOptions {
  const secure = { cert, key, minVersion: TLS_VERSION_MIN, ...(ca === null ? {} : { ca }) } as const;
  // Throws where the key is not the certificate's, or a file is no PEM; a door would only say so to its clients.
  createSecureContext(secure);
  return { ...secure, ...(ca === null ? {} : { requestCert: true, rejectUnauthorized: true }) };
}
