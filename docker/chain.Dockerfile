# The local chain. Build from the project's folder after 'npm ci' in contracts/.
FROM granary-base
COPY contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil /usr/local/bin/anvil
USER 65534:65534
EXPOSE 8545
ENTRYPOINT ["anvil", "--host", "0.0.0.0", "--chain-id", "31337", "--hardfork", "osaka", "--accounts", "1"]
CMD ["--block-time", "1"]
