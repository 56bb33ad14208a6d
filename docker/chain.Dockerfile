# The local chain, for development. docker/build.sh makes the context.
FROM granary-base
COPY anvil /usr/local/bin/anvil
USER 65534:65534
EXPOSE 8545
ENTRYPOINT ["anvil", "--host", "0.0.0.0", "--chain-id", "31337", "--hardfork", "osaka", "--accounts", "1"]
CMD ["--block-time", "1"]
