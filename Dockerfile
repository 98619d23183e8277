# Targets: gateway (the last, what `docker build .` makes) and demo (with the provider SDKs, for compose's profile).
FROM node:24.11-alpine3.22 AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Without scripts: this package's own `prepare` would build before its sources are here. With optional packages: the compiler
# is one, for each platform.
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/copy-assets.mjs scripts/
COPY instrumentation instrumentation
COPY processor processor
RUN npm run build

FROM node:24.11-alpine3.22 AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# The embedded PostgreSQL is for machines without one.
RUN npm ci --no-audit --no-fund --ignore-scripts --omit=dev --omit=optional

FROM build AS demo
COPY examples/demo-app examples/demo-app
USER node
ENTRYPOINT ["node", "dist/processor/cli.js"]
CMD ["demo"]

FROM node:24.11-alpine3.22 AS gateway
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
# The spool outlives the container in a volume, which takes over the owner of this folder.
RUN mkdir -p /var/lib/genai-otel/spool && chown -R node:node /var/lib/genai-otel
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/var/lib/genai-otel
USER node
EXPOSE 4317 4318
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4318/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/processor/cli.js"]
CMD ["serve"]
