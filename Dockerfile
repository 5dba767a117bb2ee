# An image with the package, as it would be published, and the definitions in tasks/: worker, server and every command.
# docs/docker.md says how to use it, and what an image of your own project looks like.

FROM node:26-trixie-slim AS build
WORKDIR /build
# Before the sources, so that an image after a change of them installs nothing again. No Node and no Postgres binaries: those are
# for development and in another workspace.
COPY package.json package-lock.json .npmrc ./
COPY tools tools
RUN npm ci --ignore-scripts --workspace=@pg-ratchet/image --include-workspace-root
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build
RUN npm prune --ignore-scripts --omit=dev --workspace=@pg-ratchet/image --include-workspace-root

FROM node:26-trixie-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE ./
COPY sql sql
COPY tasks tasks
# The user "node" of the image, by number, so that Kubernetes can see that it is not root. It can write nothing here.
USER 1000:1000
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["worker"]
