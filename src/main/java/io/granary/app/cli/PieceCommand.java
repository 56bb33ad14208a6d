package io.granary.app.cli;

import io.granary.proofs.piece.PieceCommitment;
import io.granary.proofs.piece.PieceHasher;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code granary piece cid}. */
@Command(
    name = "piece",
    description = "Work with pieces, without a market.",
    subcommands = PieceCommand.Cid.class,
    mixinStandardHelpOptions = true)
public final class PieceCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    throw new IllegalArgumentException("say what to do: granary piece cid FILE");
  }

  /** {@code granary piece cid FILE}. */
  @Command(
      name = "cid",
      description = "Compute a file's Piece CID (FRC-0069), the same as Filecoin's tools.",
      footer = {"", "Example: granary piece cid holiday.tar --json"})
  public static final class Cid implements Callable<Integer> {
    @Mixin Common common = new Common();

    @Parameters(paramLabel = "FILE", description = "The file; - for standard input.")
    Path file = Path.of("-");

    @Override
    public Integer call() throws IOException {
      PieceHasher hasher = new PieceHasher();
      try (InputStream in = file.toString().equals("-") ? System.in : Files.newInputStream(file)) {
        byte[] buffer = new byte[1 << 20];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          hasher.update(buffer, 0, n);
        }
      } catch (java.nio.file.NoSuchFileException e) {
        throw new IOException("no file at " + file, e);
      }
      PieceCommitment piece = hasher.finish();
      Map<String, Object> v = new LinkedHashMap<>();
      v.put("pieceCidV2", piece.cid().toString());
      v.put("pieceCidV1", piece.cid().v1());
      v.put("root", piece.root().toHex());
      v.put("size", piece.rawBytes());
      v.put("storable", piece.rawBytes() > 0);
      common.print(
          v,
          out -> {
            out.println("pieceCidV2  " + piece.cid());
            out.println("pieceCidV1  " + piece.cid().v1());
            out.println("root        " + piece.root());
            out.println("size        " + piece.rawBytes());
            if (piece.rawBytes() == 0) {
              out.println("note        the file is empty: a deal needs at least 1 byte");
            }
          });
      return 0;
    }
  }
}
