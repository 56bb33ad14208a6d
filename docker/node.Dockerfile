# A Granary node: miner, auditor or client. docker/build.sh makes the context.
FROM granary-base
COPY java /opt/java
COPY lib /opt/granary/lib
COPY classes /opt/granary/classes
COPY granary devnet-node /usr/local/bin/
USER 10001:10001
ENV GRANARY_HOME=/data
VOLUME /data
ENTRYPOINT ["granary"]
CMD ["--help"]
