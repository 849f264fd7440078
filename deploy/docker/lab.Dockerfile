# A host of the container lab, with the programs that make its traffic. Which one is the argument: web-1, db-1, desk-1.
FROM node:26-bookworm-slim
LABEL org.opencontainers.image.title="Foretop lab host" \
  org.opencontainers.image.description="Makes plausible traffic for Foretop's container lab" \
  org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
WORKDIR /opt/lab
# Type stripping takes the file's own package for its module system.
RUN echo '{"type":"module"}' > package.json
COPY lab/compose ./
USER node
ENTRYPOINT ["node", "host.ts"]
