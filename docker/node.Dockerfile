# A Granary node: miner, auditor or client. Build from the project's folder after './granary version' has built it, with a
# JDK 25 copied to docker/jdk (cp -a "$JAVA_HOME" docker/jdk).
FROM granary-base AS runtime
COPY docker/jdk /opt/jdk
RUN /opt/jdk/bin/jlink --output /opt/java --strip-debug --no-header-files --no-man-pages \
      --add-modules java.base,java.logging,java.naming,java.net.http,java.management,java.sql,java.xml,jdk.crypto.ec,jdk.unsupported,jdk.httpserver

FROM granary-base
RUN apt-get update && apt-get install -y --no-install-recommends libstdc++6 && rm -rf /var/lib/apt/lists/*
COPY --from=runtime /opt/java /opt/java
COPY src/target/lib /opt/granary/lib
COPY src/target/classes /opt/granary/classes
RUN useradd --system --uid 10001 --create-home granary && mkdir /data && chown granary /data
USER 10001
ENV GRANARY_HOME=/data
VOLUME /data
HEALTHCHECK --interval=30s --start-period=60s CMD ["/opt/java/bin/java", "-cp", "/opt/granary/classes:/opt/granary/lib/*", "io.granary.app.Main", "doctor"]
ENTRYPOINT ["/opt/java/bin/java", "-Xmx512m", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-cp", "/opt/granary/classes:/opt/granary/lib/*", "io.granary.app.Main"]
CMD ["--help"]
