# The program alone: `docker run --rm -v "$PWD:/project:ro" farrier check`.
FROM rust:1.95-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /farrier
COPY . .
RUN cargo install --locked --path . --root /out

FROM scratch
COPY --from=build /out/bin/farrier /farrier
WORKDIR /project
ENTRYPOINT ["/farrier"]
