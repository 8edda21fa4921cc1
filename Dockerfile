# syntax=docker/dockerfile:1
FROM node:26-slim AS packages
WORKDIR /nijo
COPY package.json package-lock.json ./
# What the program needs, exactly as locked; the pinned Node among the development packages is this image's own.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:26-slim
ENV NODE_ENV=production
WORKDIR /nijo
COPY --from=packages /nijo/node_modules ./node_modules
COPY package.json LICENSE ./
COPY config ./config
COPY migrations ./migrations
COPY views ./views
COPY src ./src
# Nothing here is written to at run time: the files stay root's.
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
ENV NIJO_HEALTH_URL=http://127.0.0.1:3000/health/live
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(process.env.NIJO_HEALTH_URL).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--disable-sigusr1", "src/cli/nijo.ts", "serve"]
