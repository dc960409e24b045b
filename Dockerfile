# The image of `make image`, for those who have Docker: docker build -t reimport .
FROM golang:1.26.11 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/reimport ./cmd/reimport && mkdir -m 700 /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/reimport /reimport
USER 65532:65532
ENV REIMPORT_LISTEN=:9443 REIMPORT_DATA_DIR=/data REIMPORT_READY_FILE=/data/ready.env
EXPOSE 9443
VOLUME /data
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["/reimport", "health", "--insecure"]
ENTRYPOINT ["/reimport"]
CMD ["serve"]
