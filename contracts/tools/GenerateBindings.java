import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.web3j.codegen.SolidityFunctionWrapperGenerator;

/**
 * Generates io.granary.contracts.bindings from abi/*.abi and abi/*.bin: arguments are the abi folder and the output
 * folder. Does nothing while the bindings are newer than their sources.
 */
public final class GenerateBindings {
  public static void main(String[] args) throws IOException {
    // The generator prints a line for each file that goes well, which nobody needs, and its reason before it ends the JVM.
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    PrintStream console = System.out;
    System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
    Thread tell = new Thread(() -> console.println(said.toString(StandardCharsets.UTF_8)));
    Runtime.getRuntime().addShutdownHook(tell);
    generate(args);
    Runtime.getRuntime().removeShutdownHook(tell);
  }

  private static void generate(String[] args) throws IOException {
    Path abi = Path.of(args[0]);
    Path out = Path.of(args[1]);
    for (String name : List.of("BlockHashSeed", "DevToken", "MinerRegistry", "PaymentChannels", "PrevRandaoSeed", "StorageMarket")) {
      Path abiFile = abi.resolve(name + ".abi");
      Path binFile = abi.resolve(name + ".bin");
      // The generator ends the whole JVM on bad input, without a word about which.
      for (Path file : List.of(abiFile, binFile)) {
        if (!Files.isRegularFile(file) || Files.size(file) < 10) {
          throw new IOException(file + " is missing or empty; run 'node tools/export-abi.mjs' in contracts/");
        }
      }
      Path java = out.resolve("io/granary/contracts/bindings/" + name + ".java");
      if (isNewer(java, abiFile) && isNewer(java, binFile)) {
        continue;
      }
      SolidityFunctionWrapperGenerator.main(
          new String[] {
            "-a", abiFile.toString(), "-b", binFile.toString(), "-o", out.toString(), "-p", "io.granary.contracts.bindings"
          });
      String source = Files.readString(java);
      // Generated code is not held to our lint.
      Files.writeString(java, source.replaceFirst("(?m)^@SuppressWarnings\\(\"rawtypes\"\\)", "@SuppressWarnings({\"rawtypes\", \"unchecked\", \"deprecation\", \"all\"})"));
    }
  }

  private static boolean isNewer(Path made, Path from) throws IOException {
    return Files.exists(made) && Files.getLastModifiedTime(made).compareTo(Files.getLastModifiedTime(from)) >= 0;
  }
}
