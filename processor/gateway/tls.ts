import type { ServerOptions as TlsServerOptions } from "node:https";
import { createSecureContext } from "node:tls";
import { ServerCredentials } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { ConfigError } from "../config.ts";
import { readPem } from "./read-pem.ts";
import { watchCertificates } from "./watch-certificates.ts";

export interface TlsFiles {
  readonly tlsCertFile: string | null;
  readonly tlsKeyFile: string | null;
  readonly tlsClientCaFile: string | null;
}

/** TLS for both doors: null and insecure where it is not configured. */
export interface DoorTls {
  readonly http: TlsServerOptions | null;
  readonly grpc: ServerCredentials;
}

/** RFC 8996: versions before 1.2 are deprecated. */
const TLS_VERSION_MIN = "TLSv1.2";

/** Throws ConfigError where a file cannot be read, or certificate and key do not belong together. */
export async function readDoorTls(files: TlsFiles): Promise<DoorTls> {
  const certificates = await readCertificates(files);
  if (certificates === null) return { http: null, grpc: ServerCredentials.createInsecure() };
  try {
    return doorTlsOf(certificates);
  } catch (error) {
    throw new ConfigError(`TLS_CERT, TLS_KEY: cannot be used: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Hands over what new connections are to be greeted with as the files change. */
export function watchDoorTls(files: TlsFiles, log: Logger, onRenewed: (tls: DoorTls) => void): { close(): void } {
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

function doorTlsOf({ cert, key, ca }: Certificates): DoorTls {
  const secure = { cert, key, minVersion: TLS_VERSION_MIN, ...(ca === null ? {} : { ca }) } as const;
  // Throws where the key is not the certificate's, or a file is no PEM; a door would only say so to its clients.
  createSecureContext(secure);
  return {
    http: { ...secure, ...(ca === null ? {} : { requestCert: true, rejectUnauthorized: true }) },
    grpc: ServerCredentials.createSsl(ca, [{ private_key: key, cert_chain: cert }], ca !== null),
  };
}
