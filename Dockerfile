# The spanway command in an image with nothing else in it.
# It is linked statically, runs as nobody in particular, and off loopback wants SPANWAY_AUTH_TOKENS.

FROM rust:1.95.0-alpine AS build
RUN apk add --no-cache ca-certificates gcc musl-dev
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package spanway-cli \
    && cp target/release/spanway /spanway \
    && mkdir /data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /spanway /spanway
# For --store file:/data.
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
ENV SPANWAY_LISTEN=0.0.0.0:8000 SPANWAY_LOG_FORMAT=json
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s CMD ["/spanway", "health"]
ENTRYPOINT ["/spanway"]
CMD ["serve"]
