# The agent. As it is, it sees the sockets of its own network namespace; what it sees beyond depends on the namespaces
# and capabilities that it is given: docs/containers.md.
FROM node:26-bookworm-slim AS manifests
WORKDIR /opt/foretop
COPY package.json package-lock.json .npmrc ./
COPY proto/package.json proto/
COPY agent/package.json agent/
COPY collector/package.json collector/
COPY web/package.json web/
COPY lab/package.json lab/

FROM manifests AS dependencies
RUN npm install --no-save --ignore-scripts --omit=dev --workspace=proto --workspace=agent \
  && rm -rf node_modules/.package-lock.json

FROM manifests AS messages
RUN npm install --no-save --ignore-scripts --workspace=proto
COPY proto proto
RUN npm run gen --workspace=proto

FROM node:26-bookworm-slim AS agent
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Foretop agent" \
  org.opencontainers.image.description="Sees a host's connections and their processes and sends them to a Foretop collector" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
WORKDIR /opt/foretop
# Two data directories, since the agent looks into the one of its user: the first is root's.
RUN install -d -m 0700 /var/lib/foretop-agent \
  && install -d -o node -g node -m 0700 /home/node/.local /home/node/.local/state /home/node/.local/state/foretop-agent \
  && ln -s /opt/foretop/agent/bin/foretop-agent.mjs /usr/local/bin/foretop-agent
COPY --from=dependencies /opt/foretop/node_modules node_modules
COPY --from=messages /opt/foretop/proto/src proto/src
COPY package.json LICENSE ./
COPY proto/package.json proto/
COPY agent/package.json agent/
COPY agent/bin agent/bin
COPY agent/bpf/foretop.bpf.o agent/bpf/
COPY agent/src agent/src
COPY deploy/docker/healthcheck.mjs deploy/docker/
USER node
HEALTHCHECK --interval=30s --timeout=5s --retries=3 --start-period=60s --start-interval=1s \
  CMD ["node", "/opt/foretop/deploy/docker/healthcheck.mjs", "agent"]
ENTRYPOINT ["foretop-agent"]
CMD ["run"]

# For the lab: an agent whose host lets itself be acted on. Root's file, in a file system that nobody can write to.
FROM agent AS acting
COPY --chown=0:0 --chmod=0644 deploy/docker/acting-ceiling.json /etc/foretop-agent/ceiling.json

FROM agent
