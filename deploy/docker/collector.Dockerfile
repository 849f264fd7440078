# The collector with the dashboard. Needs a Postgres (DATABASE_URL): the embedded one does not come along.
FROM node:26-bookworm-slim AS manifests
WORKDIR /opt/foretop
COPY package.json package-lock.json .npmrc ./
COPY proto/package.json proto/
COPY agent/package.json agent/
COPY collector/package.json collector/
COPY web/package.json web/
COPY lab/package.json lab/

# Not `npm ci`, which refuses a lock file without the optional packages of other systems; --no-save keeps to the lock file too.
# Install scripts fetch programs that no image needs.
FROM manifests AS dependencies
RUN npm install --no-save --ignore-scripts --omit=dev --omit=optional --workspace=proto --workspace=collector \
  && rm -rf node_modules/.package-lock.json \
  # Of the lists of networks only those with numbers are read.
  && rm node_modules/@ip-location-db/asn/asn-ipv4.csv node_modules/@ip-location-db/asn/asn-ipv6.csv

FROM manifests AS dashboard
RUN npm install --no-save --ignore-scripts --workspace=proto --workspace=web
COPY tsconfig.base.json ./
COPY proto proto
RUN npm run gen --workspace=proto
COPY web web
RUN npm run build --workspace=web

FROM node:26-bookworm-slim
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Foretop collector" \
  org.opencontainers.image.description="Takes in what agents see, stores it in Postgres, serves the dashboard and the API" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production FORETOP_DATA=/var/lib/foretop
WORKDIR /opt/foretop
RUN install -d -o node -g node -m 0700 /var/lib/foretop /var/lib/foretop-enrolment \
  && ln -s /opt/foretop/collector/bin/foretop.mjs /usr/local/bin/foretop
COPY --from=dependencies /opt/foretop/node_modules node_modules
COPY --from=dashboard /opt/foretop/proto/src proto/src
COPY --from=dashboard /opt/foretop/web/build web/build
COPY package.json LICENSE ./
COPY proto/package.json proto/
COPY agent/package.json agent/
COPY collector/package.json collector/
COPY collector/bin collector/bin
COPY collector/src collector/src
# The parsers with which it reads captures.
COPY agent/src/inspect agent/src/inspect
COPY deploy/docker/healthcheck.mjs deploy/docker/
USER node
VOLUME /var/lib/foretop
EXPOSE 8420
HEALTHCHECK --interval=15s --timeout=5s --retries=4 --start-period=60s --start-interval=1s \
  CMD ["node", "/opt/foretop/deploy/docker/healthcheck.mjs", "http://127.0.0.1:8420/readyz"]
ENTRYPOINT ["foretop"]
CMD ["serve", "--no-open"]
