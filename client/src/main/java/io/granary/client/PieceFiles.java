package io.granary.client;

import io.granary.client.erasure.ShardEncoder;
import io.granary.client.erasure.Striping;
import io.granary.proofs.piece.PieceCommitment;
import io.granary.proofs.piece.PieceHasher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The pieces that a file becomes, written to files 0, 1, 2, … of a folder and hashed on the way.
 */
final class PieceFiles implements AutoCloseable {
  private final List<FileChannel> files = new ArrayList<>();
  private final List<PieceHasher> hashers = new ArrayList<>();
  private final Optional<ShardEncoder> encoder;

  /**
   * Opens the files.
   *
   * @param bytes that will be written
   */
  PieceFiles(Path folder, Redundancy redundancy, long bytes) throws IOException {
    this.encoder =
        redundancy.data() == 1
            ? Optional.empty()
            : Optional.of(
                new ShardEncoder(
                    new Striping(redundancy.data(), redundancy.parity(), bytes),
                    (shard, unit, offset, length) ->
                        append(shard, ByteBuffer.wrap(unit, offset, length))));
    try {
      for (int i = 0; i < redundancy.pieces(); i++) {
        files.add(
            FileChannel.open(
                folder.resolve(Integer.toString(i)),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE));
        hashers.add(new PieceHasher());
      }
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  private void append(int piece, ByteBuffer bytes) throws IOException {
    hashers.get(piece).update(bytes.duplicate());
    Bytes.write(files.get(piece), bytes);
  }

  /** The next bytes of the file. */
  void write(ByteBuffer bytes) throws IOException {
    if (encoder.isPresent()) {
      encoder.get().update(bytes);
    } else {
      append(0, bytes);
    }
  }

  /** Takes the file's bytes in order; what closes it leaves the files open. */
  WritableByteChannel input() {
    return new WritableByteChannel() {
      private boolean open = true;

      @Override
      public int write(ByteBuffer bytes) throws IOException {
        int length = bytes.remaining();
        PieceFiles.this.write(bytes);
        return length;
      }

      @Override
      public boolean isOpen() {
        return open;
      }

      @Override
      public void close() {
        open = false;
      }
    };
  }

  /** The pieces, once all of them is on the disk. */
  List<PieceCommitment> finish() throws IOException {
    encoder.ifPresent(ShardEncoder::finish);
    for (FileChannel file : files) {
      file.force(true);
    }
    return hashers.stream().map(PieceHasher::finish).toList();
  }

  @Override
  public void close() throws IOException {
    for (FileChannel file : files) {
      file.close();
    }
  }
}
